import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { createObjectWatcher } from '../../../src/io/cluster/object-watch.ts';
import { eventually } from '../../eventually.ts';
import { type Interception, type LoopbackApi, type StoredObject, startApi, statusOf } from './loopback-api.ts';
import { quickPace } from './quick-pace.ts';

const collection = '/api/v1/namespaces/sekisho/secrets';
const path = `${collection}/ca`;
const ca = (data: string): StoredObject => ({ metadata: { name: 'ca' }, data });

let api: LoopbackApi;
let client: ClusterClient;
let intercept: (call: { path: string; query: URLSearchParams }) => Interception | undefined | Promise<undefined>;
beforeEach(async () => {
  intercept = () => undefined;
  api = await startApi({ intercept: (call) => intercept(call) });
  client = api.connect();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

const watchQuickly = createObjectWatcher(quickPace);

function follow() {
  const states: unknown[] = [];
  const failures: string[] = [];
  const watch = watchQuickly(
    client,
    { collection, name: 'ca' },
    {
      seen: (object) => states.push((object as StoredObject | undefined)?.['data']),
      failed: (error) => failures.push(error.message),
    },
  );
  const saw = (...expected: unknown[]) =>
    eventually(`saw ${expected}, not ${states}`, () => JSON.stringify(states) === JSON.stringify(expected));
  return { watch, states, failures, saw, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}

const watching = () => eventually('a watch is open', () => api.watchers.size === 1);
const gone = null; // as JSON shows undefined in a list

describe('an object that is followed', () => {
  test('is told as it is, as it changes, as it goes and as it comes back, each once', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await following.watch.first;
    await following.saw('one');
    await watching();
    api.put(path, ca('two'));
    api.remove(path);
    api.put(path, ca('three'));
    await following.saw('one', 'two', gone, 'three');
    expect(following.failures).toEqual([]);
  });

  test('may be missing at first', async () => {
    await using following = follow();
    await following.watch.first;
    await watching();
    api.put(path, ca('one'));
    await following.saw(gone, 'one');
  });

  test('is asked for by name, with get and watch only', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await following.watch.first;
    await watching();
    const queries = api.asked.filter(({ query }) => query.has('watch')).map(({ query }) => query.get('fieldSelector'));
    expect(queries).toEqual(['metadata.name=ca']);
    // The watch is open here before the follower knows that it is, and gets once more.
    const got = () => api.asked.filter(({ query }) => !query.has('watch')).map((call) => call.path);
    await eventually('got twice', () => got().length >= 2);
    expect(got()).toEqual([path, path]);
  });

  test('is not taken for another of its collection', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await watching();
    // An API server would not send it; what is between us and it may.
    api.say({ type: 'MODIFIED', object: { metadata: { name: 'other', resourceVersion: '900' }, data: 'wrong' } });
    api.put(path, ca('two'));
    await following.saw('one', 'two');
  });
});

describe('what happens between getting and watching is seen', () => {
  test.each([
    ['a deletion', () => api.remove(path), gone],
    ['a change', () => api.put(path, ca('two')), 'two'],
  ])('%s', async (_what, change, expected) => {
    api.put(path, ca('one'));
    let once = true;
    intercept = ({ query }) => {
      if (query.has('watch') && once) {
        once = false;
        change();
      }
      return undefined;
    };
    await using following = follow();
    await following.saw('one', expected);
  });
});

describe('when the watch ends', () => {
  test('by the server, the next one goes on from there and nothing is missed', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await watching();
    await following.saw('one');
    api.endWatches();
    api.put(path, ca('two'));
    await following.saw('one', 'two');
    expect(following.failures).toEqual([]);
  });

  test('by a break, it is told and tried again', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await watching();
    api.breakWatches();
    api.put(path, ca('two'));
    await following.saw('one', 'two');
    expect(following.failures).toHaveLength(1);
  });

  test.each([
    ['as an event', undefined],
    ['as a status', { status: 410, body: statusOf(410, 'Expired') } as const],
  ])('and its version is gone, told %s, the object is got anew', async (_how, refused) => {
    api.put(path, ca('one'));
    await using following = follow();
    await watching();
    api.say({ type: 'BOOKMARK', object: { metadata: { resourceVersion: api.version() } } });
    if (refused !== undefined) intercept = ({ query }) => (query.has('resourceVersion') ? refused : undefined);
    await following.saw('one');
    api.endWatches();
    api.put('/api/v1/other', { metadata: { name: 'other' } });
    api.remove(path);
    api.forgetHistory();
    await following.saw('one', gone);
    api.put(path, ca('two'));
    await following.saw('one', gone, 'two');
    expect(following.failures).toEqual([]);
  });

  test('by an error event, that is told with its reason', async () => {
    api.put(path, ca('one'));
    await using following = follow();
    await watching();
    api.say({ type: 'ERROR', object: statusOf(500, 'etcdserver: leader changed') });
    await eventually('a failure', () => following.failures.length > 0);
    expect(following.failures[0]).toContain('500: etcdserver: leader changed');
    api.put(path, ca('two'));
    await following.saw('one', 'two');
  });
});

describe('an API server that refuses', () => {
  test('is asked again, slower and slower, until it answers', async () => {
    api.put(path, ca('one'));
    let refusals = 0;
    intercept = () => (refusals++ < 4 ? { status: 403, body: statusOf(403, 'not yet') } : undefined);
    await using following = follow();
    await following.watch.first;
    expect(following.failures).toHaveLength(4);
    expect(following.failures[0]).toBe(`get ${path}: 403: not yet`);
  });

  test('only the watch still gets its state told', async () => {
    intercept = ({ query }) => (query.has('watch') ? { status: 403 } : undefined);
    api.put(path, ca('one'));
    await using following = follow();
    await following.saw('one');
    await eventually('a failure', () => following.failures.length > 0);
    api.put(path, ca('two'));
    await following.saw('one', 'two');
  });

  test('or ends every watch at once is not asked again and again', async () => {
    intercept = ({ query }) => (query.has('watch') ? { status: 200, body: '' } : undefined);
    await using following = follow();
    await following.watch.first;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(api.asked.filter(({ query }) => query.has('watch')).length).toBeLessThan(20);
  });
});

test('is followed no longer once disposed', async () => {
  api.put(path, ca('one'));
  const following = follow();
  await eventually('it looked again after the watch had opened', () => api.asked.length === 3);
  await following[Symbol.asyncDispose]();
  await eventually('no watch is open', () => api.watchers.size === 0);
  const asked = api.asked.length;
  api.put(path, ca('two'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(api.asked).toHaveLength(asked);
  expect(following.states).toEqual(['one']);
  expect(following.failures).toEqual([]);
});
