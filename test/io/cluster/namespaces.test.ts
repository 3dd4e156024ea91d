import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NamespaceView } from '../../../src/core/policy/namespace.ts';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { createCollectionWatcher } from '../../../src/io/cluster/collection-watch.ts';
import { namespacesPath } from '../../../src/io/cluster/namespace-path.ts';
import { watchNamespaces } from '../../../src/io/cluster/namespaces.ts';
import { createLogger } from '../../../src/io/log.ts';
import { eventually } from '../../eventually.ts';
import { type Asked, type Interception, type LoopbackApi, startApi, statusOf } from './loopback-api.ts';
import { quickPace } from './quick-pace.ts';

const log = createLogger('error');

let api: LoopbackApi;
let client: ClusterClient;
let intercept: (call: Asked) => Interception | undefined | Promise<Interception | undefined>;
beforeEach(async () => {
  intercept = () => undefined;
  api = await startApi({ intercept: (call) => intercept(call) });
  api.collections.add(namespacesPath);
  client = api.connect();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

type Labels = Readonly<Record<string, string>>;
const put = (name: string, labels?: Labels) =>
  api.put(`${namespacesPath}/${name}`, { metadata: { name, ...(labels && { labels }) }, spec: {} });
const remove = (name: string) => api.remove(`${namespacesPath}/${name}`);
const isGet = ({ path }: Asked): boolean => path !== namespacesPath;
const gets = () => api.asked.filter(isGet).map(({ path }) => path.slice(namespacesPath.length + 1));
const watching = () => eventually('a watch is open', () => api.watchers.size === 1);
const labelsOf = ({ labels, unavailable }: NamespaceView): unknown =>
  labels === undefined ? unavailable : Object.fromEntries(labels);

function follow() {
  const clock = { elapsed: 0 };
  const followed: boolean[] = [];
  const namespaces = watchNamespaces({
    client,
    log,
    metrics: { setFollowed: (_resource, now) => followed.push(now) },
    elapsed: () => clock.elapsed,
    watch: createCollectionWatcher(quickPace),
  });
  const read = async (name: string) => labelsOf(await namespaces.read(name));
  /** Resolves when the watch has told so much more. */
  const told = (events: number): (() => Promise<unknown>) => {
    const before = followed.length;
    return () => eventually(`${events} events`, () => followed.length >= before + events);
  };
  const dispose = () => namespaces[Symbol.asyncDispose]();
  return { namespaces, read, told, clock, followed, [Symbol.asyncDispose]: dispose };
}

/** Until it is called no watch is told anything. */
function holdWatches(): () => void {
  const held = [...api.watchers];
  api.watchers.clear();
  return () => {
    for (const { response } of held) response.end();
  };
}

describe('a namespace that is watched', () => {
  test('is answered at once, with the same object until its labels change', async () => {
    put('shop', { team: 'a' });
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const first = following.namespaces.read('shop');
    expect(first).toEqual({ name: 'shop', labels: new Map([['team', 'a']]) });
    const told = following.told(1);
    api.put(`${namespacesPath}/shop`, { metadata: { name: 'shop', labels: { team: 'a' }, annotations: { a: 'b' } } });
    await told();
    expect(following.namespaces.read('shop')).toBe(first);
    put('shop', { team: 'b' });
    await eventually('the change', () => following.namespaces.read('shop') !== first);
    expect(await following.read('shop')).toEqual({ team: 'b' });
  });

  test('keeps its object where everything is listed anew and it is the same', async () => {
    put('shop', { team: 'a' });
    put('gone');
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const first = following.namespaces.read('shop');
    api.server.closeAllConnections();
    api.watchers.clear();
    remove('gone');
    api.forgetHistory();
    await eventually('the new list', () => following.namespaces.read('gone') instanceof Promise);
    expect(following.namespaces.read('shop')).toBe(first);
    expect(await following.read('gone')).toBe('it does not exist');
  });

  test('without labels has none, and labels may be called anything', async () => {
    put('bare');
    put('odd', JSON.parse('{"constructor": "x", "__proto__": "y"}'));
    await using following = follow();
    await following.namespaces.first;
    expect(await following.read('bare')).toEqual({});
    const { labels } = await following.namespaces.read('odd');
    expect(labels).toEqual(
      new Map([
        ['constructor', 'x'],
        ['__proto__', 'y'],
      ]),
    );
  });

  test('is gone when it is deleted', async () => {
    put('shop', { team: 'a' });
    await using following = follow();
    await following.namespaces.first;
    await watching();
    remove('shop');
    await eventually('it is gone', () => following.namespaces.read('shop') instanceof Promise);
    expect(await following.read('shop')).toBe('it does not exist');
  });
});

describe('a namespace that the watch has not told of yet', () => {
  test('is read, once for all who ask, and then known', async () => {
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const release = holdWatches();
    put('fresh', { team: 'a' });
    const all = await Promise.all(Array.from({ length: 50 }, () => following.read('fresh')));
    expect(all).toEqual(Array(50).fill({ team: 'a' }));
    expect(gets()).toEqual(['fresh']);
    const read = following.namespaces.read('fresh');
    expect(read).not.toBeInstanceOf(Promise);
    const told = following.told(1);
    release();
    await told();
    expect(following.namespaces.read('fresh'), 'the watch says the same').toBe(read);
  });

  test('does not stay when the watch, having come so far, does not have it', async () => {
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const release = holdWatches();
    put('brief', { team: 'a' });
    expect(await following.read('brief')).toEqual({ team: 'a' });
    remove('brief');
    expect(await following.read('brief'), 'nobody has told us').toEqual({ team: 'a' });
    release();
    await eventually('it is gone', () => following.namespaces.read('brief') instanceof Promise);
    expect(await following.read('brief')).toBe('it does not exist');
  });

  test('is not replaced by what the watch tells of its past', async () => {
    put('again', { life: 'first' });
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const [{ response: old = undefined } = {}] = [...api.watchers];
    const { version } = api;
    remove('again');
    await eventually('it is gone', () => following.namespaces.read('again') instanceof Promise);
    api.watchers.clear();
    const between = Number(version()) + 1;
    put('other');
    put('again', { life: 'second' });
    expect(await following.read('again')).toEqual({ life: 'second' });
    const late = (type: string, name: string) => {
      const object = { metadata: { name, labels: { life: 'between' }, resourceVersion: String(between) } };
      old?.write(`${JSON.stringify({ type, object })}\n`);
    };
    const told = following.told(2);
    late('ADDED', 'again');
    late('DELETED', 'again');
    await told();
    expect(await following.read('again')).toEqual({ life: 'second' });
    expect(gets().filter((name) => name === 'again').length).toBeLessThanOrEqual(2);
    old?.end();
    await watching();
    put('again', { life: 'third' });
    await eventually('the watch has caught up', () => {
      const view = following.namespaces.read('again');
      return !(view instanceof Promise) && view.labels?.get('life') === 'third';
    });
  });

  test('is not kept where the watch has overtaken the answer on its way', async () => {
    await using following = follow();
    await following.namespaces.first;
    await watching();
    put('brief', { team: 'a' });
    const told = following.told(2);
    const object = api.objects.get(`${namespacesPath}/brief`);
    remove('brief');
    await told();
    intercept = (call) => (isGet(call) ? { status: 200, body: object } : undefined);
    expect(await following.read('brief')).toEqual({ team: 'a' });
    intercept = () => undefined;
    expect(await following.read('brief')).toBe('it does not exist');
  });

  test('is read again after half a minute where the watch says nothing, and the last answer stays in an outage', async () => {
    intercept = ({ query }) => (query.has('watch') ? 'hang' : undefined);
    await using following = follow();
    await following.namespaces.first;
    put('fresh', { team: 'a' });
    expect(await following.read('fresh')).toEqual({ team: 'a' });
    put('fresh', { team: 'b' });
    following.clock.elapsed = 29_999;
    expect(await following.read('fresh')).toEqual({ team: 'a' });
    following.clock.elapsed = 30_000;
    expect(await following.read('fresh')).toEqual({ team: 'b' });
    intercept = () => 'reset';
    following.clock.elapsed = 90_000;
    expect(await following.read('fresh')).toEqual({ team: 'b' });
    const asked = gets().length;
    expect(await following.read('fresh')).toEqual({ team: 'b' });
    expect(gets()).toHaveLength(asked);
  });
});

describe('a namespace that cannot be read', () => {
  test.each([
    ['does not exist', undefined, 'it does not exist'],
    ['may not be read', { status: 403, body: statusOf(403, 'forbidden for somebody') }, 'the API server answered 403'],
    ['is asked of a broken API server', { status: 500 }, 'the API server answered 500'],
    ['is answered with another', { status: 200, body: { metadata: { name: 'other' } } }, 'the API server answered 200'],
    ['gets no answer', 'reset', 'the API server did not answer'],
    ['gets no answer in a second', 'hang', 'the API server did not answer'],
  ] as const)('because it %s is unavailable and says so', async (_why, instead, reason) => {
    await using following = follow();
    await following.namespaces.first;
    intercept = (call) => (isGet(call) ? instead : undefined);
    expect(await following.namespaces.read('lost')).toEqual({ name: 'lost', unavailable: reason });
  });

  test('is asked about again by the next request', async () => {
    await using following = follow();
    await following.namespaces.first;
    await watching();
    holdWatches();
    intercept = (call) => (isGet(call) ? { status: 500 } : undefined);
    expect(await following.read('shop')).toBe('the API server answered 500');
    intercept = () => undefined;
    put('shop', { team: 'a' });
    expect(await following.read('shop')).toEqual({ team: 'a' });
  });

  test('because nobody could be called so is not even asked about', async () => {
    await using following = follow();
    await following.namespaces.first;
    for (const name of ['', '..', 'a/b', 'a?watch=1', 'A', `${'a'.repeat(64)}`, 'a b']) {
      expect(await following.namespaces.read(name)).toEqual({ name, unavailable: 'it does not exist' });
    }
    expect(gets()).toEqual([]);
  });

  test('because somebody names hundreds at once is not asked about: the API server is left in peace', async () => {
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const open = Promise.withResolvers<undefined>();
    intercept = () => open.promise;
    const all = Array.from({ length: 300 }, (_, index) => following.read(`n${index}`));
    await eventually('those that are asked about', () => gets().length === 32);
    open.resolve(undefined);
    const answers = await Promise.all(all);
    expect(answers.filter((answer) => answer === 'it does not exist')).toHaveLength(32);
    expect(answers.filter((answer) => answer === 'too many namespaces are being read')).toHaveLength(268);
  });
});

describe('a namespace that somebody makes up', () => {
  test('is not asked about for ever: the API server is left in peace, and the next second is another', async () => {
    await using following = follow();
    await following.namespaces.first;
    for (let index = 0; index < 1_000; index++) await following.read(`n${index}`);
    expect(await following.read('more')).toBe('too many namespaces are being read');
    expect(gets()).toHaveLength(1_000);
    following.clock.elapsed = 1_000;
    for (let index = 0; index < 110; index++) await following.read(`n${index}`);
    expect(gets()).toHaveLength(1_100);
    put('shop', { team: 'a' });
    await eventually('what is watched serves', () => !(following.namespaces.read('shop') instanceof Promise));
  });
});

test('labels that are null are none, and end no list', async () => {
  api.put(`${namespacesPath}/odd`, { metadata: { name: 'odd', labels: null } });
  put('shop', { team: 'a' });
  await using following = follow();
  await following.namespaces.first;
  expect(await following.read('odd')).toEqual({});
  expect(await following.read('shop')).toEqual({ team: 'a' });
});

describe('while the API server is away', () => {
  test('the last known labels serve', async () => {
    put('shop', { team: 'a' });
    await using following = follow();
    await following.namespaces.first;
    await watching();
    intercept = () => 'reset';
    api.server.closeAllConnections();
    await eventually('it is known to be away', () => following.followed.at(-1) === false);
    expect(await following.read('shop')).toEqual({ team: 'a' });
    intercept = () => undefined;
    put('shop', { team: 'b' });
    await eventually('it is back', () => following.followed.at(-1) === true);
    expect(await following.read('shop')).toEqual({ team: 'b' });
  });

  test('before anything was listed, what can be read is', async () => {
    put('shop', { team: 'a' });
    intercept = (call) => (isGet(call) ? undefined : { status: 403 });
    await using following = follow();
    expect(await following.read('shop')).toEqual({ team: 'a' });
    expect(await following.read('lost')).toBe('it does not exist');
    expect(await Promise.race([following.namespaces.first.then(() => 'listed'), 'not listed'])).toBe('not listed');
  });
});

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('whatever happens to namespaces and watches, in whatever order: in the end what is known is what is', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(seed);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
    await using following = follow();
    await following.namespaces.first;
    await watching();
    const names = ['a', 'b', 'c'];
    let release = (): void => undefined;
    for (let step = 0; step < 40; step++) {
      const name = pick(names);
      const act = pick(['put', 'put', 'remove', 'read', 'read', 'hold', 'release', 'forget', 'wait']);
      if (act === 'put') put(name, { step: `${seed}-${step}` });
      if (act === 'remove') remove(name);
      if (act === 'read') await following.read(name);
      if (act === 'hold' && api.watchers.size > 0) release = holdWatches();
      if (act === 'release') release();
      if (act === 'forget') api.forgetHistory();
      if (act === 'wait') await new Promise((resolve) => setTimeout(resolve, 5));
    }
    release();
    const truth = names.map((name) => api.objects.get(`${namespacesPath}/${name}`)?.metadata['labels']);
    const expected = truth.map((labels) => labels ?? 'it does not exist');
    const known = () => {
      // Time goes on, or those that are gone could be asked about only so often.
      following.clock.elapsed += 30;
      return Promise.all(names.map(following.read));
    };
    await expect.poll(known, { timeout: 20_000, interval: 5, message: `seed ${seed}` }).toEqual(expected);
    for (const name of names) remove(name);
  }
}, 120_000);
