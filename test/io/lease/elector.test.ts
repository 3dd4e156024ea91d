import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../src/io/clock.ts';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { startElector } from '../../../src/io/lease/elector.ts';
import { eventually } from '../../eventually.ts';
import { type Asked, type Interception, type LoopbackApi, startApi } from '../cluster/loopback-api.ts';

/* Two candidates in one process against an API server that refuses outdated writes, in real time. */

const lease = { namespace: 'sekisho', name: 'sekisho-controller' };
const path = '/apis/coordination.k8s.io/v1/namespaces/sekisho/leases/sekisho-controller';
const timing = { leaseDuration: 2_000, renewDeadline: 1_200, retryPeriod: 150 };

let api: LoopbackApi;
/** By token: what becomes of the requests of one candidate. */
let cut: Set<string>;
let acting: Set<string>;
let most: number;
const clients: ClusterClient[] = [];
const electors: AsyncDisposable[] = [];
beforeEach(async () => {
  cut = new Set();
  acting = new Set();
  most = 0;
  const intercept = ({ headers }: Asked): Interception | undefined =>
    cut.has(headers.authorization ?? '') ? 'hang' : undefined;
  api = await startApi({ intercept });
  api.put(path, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: lease.name, labels: { a: 'b' } },
  });
});
afterEach(async () => {
  for (const each of [...electors.splice(0), ...clients.splice(0), api]) await each[Symbol.asyncDispose]();
});

function startCandidate(identity: string, clock: Clock = systemClock) {
  const client = api.connect(identity);
  clients.push(client);
  const troubles: string[] = [];
  const lost: string[] = [];
  const elector = startElector({
    client,
    lease,
    identity,
    timing,
    clock,
    random: Math.random,
    onElected: (signal) =>
      new Promise((resolve) => {
        acting.add(identity);
        most = Math.max(most, acting.size);
        signal.addEventListener('abort', () => {
          acting.delete(identity);
          resolve();
        });
      }),
    onLost: (reason) => lost.push(reason),
    onWaiting: (holder) => troubles.push(`the lease is held by ${holder}`),
    onTrouble: (reason) => troubles.push(reason),
  });
  electors.push(elector);
  return { elector, troubles, lost };
}

const leads = (identity: string) => eventually(`${identity} leads`, () => acting.has(identity));
const record = () => (api.objects.get(path) as { spec?: Record<string, unknown> } | undefined)?.spec;

describe('two candidates', () => {
  test('one leads, keeps what others wrote into the Lease, and gives it back at the end; then the other leads', async () => {
    const first = startCandidate('first');
    await leads('first');
    const second = startCandidate('second');
    await eventually('the second waits', () => second.troubles.length === 1);
    expect(second.troubles).toEqual(['the lease is held by first']);
    expect(record()).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 2, leaseTransitions: 1 });
    // Somebody labels it: the version the leader knows is outdated, the lease is still its own.
    const held = api.objects.get(path);
    api.put(path, { ...held, metadata: { name: lease.name, labels: { a: 'c' } } });
    const { renewTime } = record() ?? {};
    await eventually('it is renewed', () => record()?.['renewTime'] !== renewTime);
    expect(api.objects.get(path)).toMatchObject({ metadata: { labels: { a: 'c' } } });
    await first.elector[Symbol.asyncDispose]();
    expect(first.lost).toEqual(['stopping']);
    await leads('second');
    expect(record()).toMatchObject({ holderIdentity: 'second', leaseTransitions: 2 });
    expect(most).toBe(1);
    // No list, no create, nothing but this Lease.
    expect(new Set(api.asked.map((call) => `${call.method} ${call.path}`))).toEqual(
      new Set([`GET ${path}`, `PUT ${path}`]),
    );
  });

  test('of which the leader is cut off: it stops by itself before the other begins', async () => {
    const first = startCandidate('first');
    await leads('first');
    startCandidate('second');
    cut.add('Bearer first');
    await eventually('the first has stopped', () => first.lost.length === 1);
    expect(first.lost).toEqual(['the lease could not be renewed in time']);
    expect(acting.size).toBe(0);
    await leads('second');
    cut.clear();
    await eventually('the first knows', () => first.troubles.at(-1) === 'the lease is held by second');
    expect(most).toBe(1);
  });

  test.each([1, -1])('of which one has a clock that jumps by %i h go on as they were', async (hours) => {
    let jump = 0;
    const clock: Clock = { ...systemClock, wall: () => new Date(Date.now() + jump) };
    const first = startCandidate('first', clock);
    await leads('first');
    const second = startCandidate('second', clock);
    jump = hours * 3_600_000;
    const { renewTime } = record() ?? {};
    await eventually('it is renewed', () => record()?.['renewTime'] !== renewTime);
    await new Promise((resolve) => setTimeout(resolve, timing.leaseDuration + 300));
    expect([...acting]).toEqual(['first']);
    expect([first.lost, second.lost]).toEqual([[], []]);
  });
});

test('a Lease that is missing is said and waited for, never created', async () => {
  api.remove(path);
  const candidate = startCandidate('first');
  await eventually('it is said', () => candidate.troubles.length > 0);
  expect(candidate.troubles[0]).toMatch(
    /cannot read the Lease sekisho\/sekisho-controller \(it is part of the installation/,
  );
  expect(acting.size).toBe(0);
  api.put(path, { metadata: { name: lease.name } });
  await leads('first');
  expect(api.asked.filter(({ method }) => method === 'POST')).toEqual([]);
});
