import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { podPolicyExceptionKind, podPolicyKind } from '../../../src/core/policy/kinds.ts';
import type { PolicyReading } from '../../../src/core/policy/policy-reading.ts';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { watchClusterPolicies } from '../../../src/io/cluster/cluster-policies.ts';
import { createCollectionWatcher } from '../../../src/io/cluster/collection-watch.ts';
import { collectionOf } from '../../../src/io/cluster/own-collections.ts';
import { createLogger } from '../../../src/io/log.ts';
import { eventually } from '../../eventually.ts';
import { type LoopbackApi, type StoredObject, startApi } from './loopback-api.ts';
import { quickPace } from './quick-pace.ts';

const policies = collectionOf(podPolicyKind);
const exceptions = collectionOf(podPolicyExceptionKind);
const apiVersion = 'sekisho.dev/v1alpha1';
const log = createLogger('error');

let api: LoopbackApi;
let client: ClusterClient;
beforeEach(async () => {
  api = await startApi();
  api.collections.add(policies);
  api.collections.add(exceptions);
  client = api.connect();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

let generations = 0;
/** As the API server would store it: with what we do not read. */
function put(path: string, object: StoredObject, metadata: object = {}): void {
  const generation = ++generations;
  const managedFields = [{ manager: 'kubectl', operation: 'Apply', fieldsV1: { 'f:spec': {} } }];
  const stored = { uid: `uid of ${object.metadata.name}`, generation, managedFields, ...object.metadata, ...metadata };
  api.put(`${path}/${object.metadata.name}`, { apiVersion, ...object, metadata: stored });
}
const policy = (name: string, spec: object = { podSecurity: { level: 'baseline' } }, metadata: object = {}): void =>
  put(policies, { kind: 'PodPolicy', metadata: { name }, spec: { mode: 'Enforce', ...spec } }, metadata);
const broken = { podSecurity: { level: 'strict' } };
const excuse = {
  policies: [{ name: 'production', rules: ['hostPathVolumes'] }],
  match: { namespaces: { include: ['payments'] } },
  reason: 'vendor fix promised',
  expiresAt: '2027-01-31T00:00:00Z',
};
const exception = (name: string, spec: object = excuse): void =>
  put(exceptions, { kind: 'PodPolicyException', metadata: { name }, spec });

/** `kind/name`, and what became of it where it is not ready. */
function holding({ ready, kept, unread }: PolicyReading): string {
  const all = [
    ...ready.map(({ place }) => place),
    ...kept.map(({ place }) => `${place} kept`),
    ...unread.map(({ metadata }) => `${metadata.name} unread`),
  ];
  return all.sort().join(', ');
}

function follow() {
  let changes = 0;
  const watched = watchClusterPolicies({
    client,
    log,
    metrics: { setFollowed: () => undefined },
    changed: () => {
      changes++;
    },
    watch: createCollectionWatcher(quickPace),
  });
  const holds = (expected: string) =>
    eventually(`${expected}, not ${holding(watched.reading)}`, () => holding(watched.reading) === expected);
  const dispose = () => watched[Symbol.asyncDispose]();
  return { watched, holds, changes: () => changes, [Symbol.asyncDispose]: dispose };
}

const watching = () => eventually('both watches are open', () => api.watchers.size === 2);

describe('the policies of a cluster', () => {
  test('and its exceptions are followed, without what others wrote into their metadata', async () => {
    policy('production');
    exception('legacy');
    await using following = follow();
    await following.watched.first;
    await following.holds('podpolicy/production, podpolicyexception/legacy');
    expect(following.watched.reading.ready.map(({ object }) => object.metadata)).toEqual([
      { name: 'production' },
      { name: 'legacy' },
    ]);
    await watching();
    policy('team');
    api.remove(`${exceptions}/legacy`);
    await following.holds('podpolicy/production, podpolicy/team');
    expect(following.watched.reading.problems).toEqual([]);
    expect(following.changes()).toBe(4);
  });

  test('are none where the kinds are not installed, until they are', async () => {
    api.collections.clear();
    await using following = follow();
    await following.watched.first;
    expect(holding(following.watched.reading)).toBe('');
    api.collections.add(policies);
    policy('production');
    await following.holds('podpolicy/production');
  });

  test('are the same objects while only their status is written', async () => {
    policy('production', {}, { uid: 'one', generation: 7 });
    await using following = follow();
    await following.watched.first;
    await watching();
    const [before] = following.watched.reading.ready;
    const status = { conditions: [{ type: 'Ready', status: 'True' }] };
    const metadata = { name: 'production', uid: 'one', generation: 7 };
    api.put(`${policies}/production`, { apiVersion, kind: 'PodPolicy', metadata, spec: { mode: 'Enforce' }, status });
    await eventually('the event', () => following.changes() === 3);
    expect(following.watched.reading.ready[0]?.object).toBe(before?.object);
    policy('production', { mode: 'Warn' }, { uid: 'two', generation: 7 });
    await eventually('another under the same name', () => following.changes() === 4);
    expect(following.watched.reading.ready[0]?.object.spec).toMatchObject({ mode: 'Warn' });
  });
});

describe('a policy of the cluster that is broken, because an older CRD let it in,', () => {
  test('leaves the last good version where it was, until it is good again or gone', async () => {
    policy('production');
    await using following = follow();
    await following.watched.first;
    await watching();
    policy('production', broken);
    await following.holds('podpolicy/production kept');
    const { kept, problems } = following.watched.reading;
    expect(kept[0]?.object.spec).toMatchObject({ podSecurity: { level: 'baseline' } });
    expect(problems).toEqual([
      {
        reason: expect.stringMatching(/^podpolicy\/production: spec\.podSecurity\.level: /),
        remainder: 'kept',
        kind: 'PodPolicy',
        names: ['production'],
      },
    ]);
    policy('production', broken);
    policy('production', { podSecurity: { level: 'restricted' } });
    await following.holds('podpolicy/production');
    policy('production', broken);
    api.remove(`${policies}/production`);
    await following.holds('');
  });

  test('leaves the last good version also where everything had to be listed anew', async () => {
    policy('production');
    await using following = follow();
    await following.watched.first;
    await watching();
    api.server.closeAllConnections();
    api.watchers.clear();
    policy('production', broken);
    api.forgetHistory();
    await following.holds('podpolicy/production kept');
  });

  test('from the start leaves its name, mode and match, or nothing', async () => {
    policy('some', { ...broken, match: { namespaces: { include: ['shop'] } } });
    policy('nothing', { mathc: {} });
    await using following = follow();
    await following.watched.first;
    expect(holding(following.watched.reading)).toBe('some unread');
    expect(following.watched.reading.unread[0]?.spec).toMatchObject({
      mode: 'Enforce',
      match: { namespaces: { include: ['shop'] } },
    });
    const { problems } = following.watched.reading;
    expect(problems.map(({ remainder, names }) => [remainder, ...names])).toEqual([['unread', 'some'], ['leftOut']]);
  });

  test('stops no other', async () => {
    policy('bad', broken);
    policy('good');
    await using following = follow();
    await following.watched.first;
    expect(holding(following.watched.reading)).toBe('bad unread, podpolicy/good');
  });
});

test('an exception that is broken leaves its last good version, or nothing', async () => {
  exception('legacy');
  exception('never', { ...excuse, reason: '' });
  await using following = follow();
  await following.watched.first;
  await watching();
  exception('legacy', { ...excuse, expiresAt: 'soon' });
  await following.holds('podpolicyexception/legacy kept');
  const { problems } = following.watched.reading;
  expect(problems.map(({ kind, remainder, names }) => [kind, remainder, ...names]).sort()).toEqual([
    ['PodPolicyException', 'kept', 'legacy'],
    ['PodPolicyException', 'leftOut'],
  ]);
});
