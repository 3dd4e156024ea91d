import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { createCollectionWatcher } from '../../../src/io/cluster/collection-watch.ts';
import { eventually } from '../../eventually.ts';
import { type Asked, type Interception, type LoopbackApi, startApi, statusOf } from './loopback-api.ts';
import { quickPace } from './quick-pace.ts';

const collection = '/apis/sekisho.dev/v1alpha1/podpolicies';

let api: LoopbackApi;
let client: ClusterClient;
let intercept: (call: Asked) => Interception | undefined | Promise<Interception | undefined>;
beforeEach(async () => {
  intercept = () => undefined;
  api = await startApi({ intercept: (call) => intercept(call) });
  api.collections.add(collection);
  client = api.connect();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

const put = (name: string, data: string) => api.put(`${collection}/${name}`, { metadata: { name }, data });
const remove = (name: string) => api.remove(`${collection}/${name}`);
const isWatch = ({ query }: Asked): boolean => query.has('watch');
const watching = () => eventually('a watch is open', () => api.watchers.size === 1);
const refuseWatchesFrom = (status: number) => (call: Asked) =>
  isWatch(call) ? { status, body: statusOf(status, 'refused') } : undefined;

function follow(special: Partial<typeof quickPace> = {}) {
  /** What was told, and what there was at that moment. */
  const told: string[] = [];
  const failures: string[] = [];
  let kept = 0;
  const shown = (): string =>
    [...watch.items]
      .map(([name, data]) => `${name}=${data}`)
      .sort()
      .join(' ');
  const watch = createCollectionWatcher({ ...quickPace, ...special })<unknown>(client, collection, {
    keep: (object) => {
      kept++;
      return (object as { data?: unknown }).data;
    },
    listed: (removed) => told.push(`listed ${shown()}${removed.length === 0 ? '' : ` without ${removed}`}`),
    changed: (name) => told.push(`${name} in ${shown()}`),
    missing: () => told.push('missing'),
    failed: ({ message }) => failures.push(message),
  });
  const has = (expected: string) => eventually(`has ${expected}, not ${shown()}`, () => shown() === expected);
  const dispose = () => watch[Symbol.asyncDispose]();
  return { watch, told, failures, has, kept: () => kept, [Symbol.asyncDispose]: dispose };
}

describe('a collection that is followed', () => {
  test('is told as it is at first, and then object by object', async () => {
    put('a', 'one');
    put('b', 'one');
    await using following = follow();
    await following.watch.first;
    await watching();
    put('c', 'one');
    put('a', 'two');
    remove('b');
    await following.has('a=two c=one');
    expect(following.told).toEqual([
      'listed a=one b=one',
      'c in a=one b=one c=one',
      'a in a=two b=one c=one',
      'b in a=two c=one',
    ]);
    expect(following.watch.version).toBe(api.version());
    expect(following.failures).toEqual([]);
  });

  test('counts as listed when the first list has succeeded, not before', async () => {
    let refusals = 0;
    intercept = () => (refusals++ < 3 ? { status: 403, body: statusOf(403, 'not yet') } : undefined);
    put('a', 'one');
    await using following = follow();
    await following.watch.first;
    expect(following.failures).toEqual(Array(3).fill(`list ${collection}: 403: not yet`));
    expect(following.told).toEqual(['listed a=one']);
  });

  test('may be empty', async () => {
    await using following = follow();
    await following.watch.first;
    await watching();
    put('a', 'one');
    await following.has('a=one');
    expect(following.told).toEqual(['listed ', 'a in a=one']);
  });

  test('is listed in pages, all of one moment, and what changed meanwhile comes by the watch', async () => {
    for (let i = 0; i < 1_203; i++) put(`n${i}`, 'one');
    let listed = 0;
    intercept = (call) => {
      if (!isWatch(call) && ++listed === 2) put('n1', 'two');
      return undefined;
    };
    await using following = follow();
    await following.watch.first;
    expect(api.asked.filter((call) => !isWatch(call)).map(({ query }) => query.get('limit'))).toEqual([
      '500',
      '500',
      '500',
    ]);
    expect(following.watch.items.size).toBe(1_203);
    expect(following.watch.items.get('n1')).toBe('one');
    await eventually('the change', () => following.watch.items.get('n1') === 'two');
  });

  test('is listed in shorter pages where a page is longer than any answer may be', async () => {
    const long = 'x'.repeat(1_000_000);
    for (let i = 0; i < 20; i++) put(`n${i}`, long);
    await using following = follow();
    await following.watch.first;
    expect(following.watch.items.size).toBe(20);
    expect(following.failures).toEqual([]);
  });
});

describe('when the watch ends', () => {
  test('by the server, the next one goes on at its version and nothing is listed anew', async () => {
    put('a', 'one');
    await using following = follow();
    await watching();
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '900' } } };
    api.say(bookmark);
    await eventually('the bookmark', () => following.watch.version === '900');
    api.endWatches();
    await watching();
    const watches = api.asked.filter(isWatch).map(({ query }) => query.get('resourceVersion'));
    expect(watches).toEqual(['101', '900']);
    expect(following.told).toEqual(['listed a=one']);
    expect(following.failures).toEqual([]);
  });

  test('by a break, it is told, and nothing is lost or listed anew', async () => {
    put('a', 'one');
    await using following = follow();
    await watching();
    api.breakWatches();
    put('a', 'two');
    remove('a');
    put('b', 'one');
    await following.has('b=one');
    expect(following.told.filter((line) => line.startsWith('listed'))).toHaveLength(1);
    expect(following.failures).toHaveLength(1);
  });

  test.each([
    ['as an event', undefined],
    ['as a status', { status: 410, body: statusOf(410, 'Expired') } as const],
  ])('and its version is gone, told %s, all is listed anew and replaced at once', async (_how, refused) => {
    put('a', 'one');
    put('b', 'one');
    await using following = follow();
    await watching();
    if (refused !== undefined) {
      intercept = (call) => (isWatch(call) && call.query.get('resourceVersion') === '102' ? refused : undefined);
    }
    // What the API server does with them is not seen by anybody: no watch is open.
    api.server.closeAllConnections();
    api.watchers.clear();
    put('a', 'two');
    remove('b');
    put('c', 'one');
    api.forgetHistory();
    await following.has('a=two c=one');
    expect(following.told).toEqual(['listed a=one b=one', 'listed a=two c=one without b']);
    await watching();
    put('d', 'one');
    await following.has('a=two c=one d=one');
  });

  test('by an error event, that is told with its reason, and all is listed anew', async () => {
    put('a', 'one');
    await using following = follow();
    await watching();
    api.say({ type: 'ERROR', object: statusOf(500, 'etcdserver: leader changed') });
    await eventually('a second list', () => following.told.length === 2);
    expect(following.failures).toEqual([`watch ${collection}: 500: etcdserver: leader changed`]);
    put('a', 'two');
    await following.has('a=two');
  });

  test('again and again with a version that was just listed, it is asked slower and slower', async () => {
    intercept = refuseWatchesFrom(410);
    await using following = follow({ shortestWait: 50, longestWait: 10_000 });
    await following.watch.first;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(api.asked.filter(isWatch).length).toBeLessThan(10);
    expect(following.failures.length).toBeGreaterThan(1);
  });

  test('at once each time, it is asked slower and slower', async () => {
    intercept = (call) => (isWatch(call) ? { status: 200, body: '' } : undefined);
    await using following = follow({ shortestWait: 50, longestWait: 10_000 });
    await following.watch.first;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(api.asked.filter(isWatch).length).toBeLessThan(10);
  });

  test('by something that is never understood, all is listed anew after some attempts', async () => {
    put('a', 'one');
    intercept = (call) => {
      const poisoned = isWatch(call) && call.query.get('resourceVersion') === '101';
      return poisoned ? { status: 200, body: '{"type":"NONSENSE"}\n' } : undefined;
    };
    await using following = follow();
    await following.watch.first;
    put('b', 'one');
    await following.has('a=one b=one');
    expect(following.told).toEqual(['listed a=one', 'listed a=one b=one']);
  });
});

describe('an API server that is away', () => {
  test('leaves everything as it was, and is caught up with when it is back', async () => {
    put('a', 'one');
    put('b', 'one');
    await using following = follow();
    await watching();
    let away = true;
    intercept = () => (away ? 'reset' : undefined);
    api.server.closeAllConnections();
    api.watchers.clear();
    await eventually('many failures', () => following.failures.length > 8);
    expect([...following.watch.items]).toEqual([
      ['a', 'one'],
      ['b', 'one'],
    ]);
    remove('a');
    put('b', 'two');
    api.forgetHistory();
    away = false;
    await following.has('b=two');
    expect(following.told.at(-1)).toBe('listed b=two without a');
  });
});

describe('a collection that does not exist', () => {
  test('counts as listed and empty, is told once, and followed as soon as it is there', async () => {
    api.collections.clear();
    await using following = follow();
    await following.watch.first;
    await eventually('asked again', () => api.asked.length > 4);
    expect(following.told).toEqual(['missing', 'listed ']);
    expect(following.failures).toEqual([]);
    api.collections.add(collection);
    put('a', 'one');
    await following.has('a=one');
    expect(following.told).toEqual(['missing', 'listed ', 'listed a=one']);
  });

  test('any more is told once, with what went unseen', async () => {
    put('a', 'one');
    await using following = follow();
    await watching();
    api.collections.clear();
    api.objects.clear();
    api.forgetHistory();
    intercept = refuseWatchesFrom(404);
    api.breakWatches();
    await following.has('');
    expect(following.told).toEqual(['listed a=one', 'missing', 'listed  without a']);
  });

  test('for a moment, as one of two API servers may say, loses nothing', async () => {
    put('a', 'one');
    await using following = follow();
    await watching();
    let denials = 0;
    intercept = (call) => {
      const asked = call.path === collection;
      return asked && denials++ < 3 ? { status: 404, body: statusOf(404, 'page not found') } : undefined;
    };
    api.breakWatches();
    put('b', 'one');
    await following.has('a=one b=one');
    expect(following.told).not.toContain('missing');
    expect(following.failures.at(-1)).toBe(`list ${collection}: 404, though it has 1 objects`);
  });
});

test('is followed no longer once disposed', async () => {
  put('a', 'one');
  const following = follow();
  await following.watch.first;
  await watching();
  await following[Symbol.asyncDispose]();
  await eventually('no watch is open', () => api.watchers.size === 0);
  const asked = api.asked.length;
  put('a', 'two');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(api.asked).toHaveLength(asked);
  expect(following.told).toEqual(['listed a=one']);
  expect(following.failures).toEqual([]);
});
