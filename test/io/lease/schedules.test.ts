import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standardTiming } from '../../../src/io/lease/election.ts';
import { startElector } from '../../../src/io/lease/elector.ts';
import { createSimulatedLease, type SimulatedLease } from './simulated-cluster.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

/* The real elector in a world where time, network and processes do what a schedule says. */

const lease = { namespace: 'sekisho', name: 'controller' };
const hour = 3_600_000;

/** A generator of its own, so that a schedule found is a schedule found again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

interface World {
  readonly time: VirtualTime;
  readonly lease: SimulatedLease;
  readonly random: () => number;
  /** Who acts as leader now, and has not been told to stop. */
  readonly acting: Set<string>;
  readonly terms: { readonly who: string; readonly at: number }[];
  /** When what somebody did as leader had ended. */
  readonly ends: Map<string, number>;
}

function createWorld(seed: number): World {
  const time = createVirtualTime();
  return {
    time,
    lease: createSimulatedLease(time),
    random: randomOf(seed),
    acting: new Set(),
    terms: [],
    ends: new Map(),
  };
}

interface Process {
  readonly name: string;
  cut: boolean;
  loss: number;
  slowness: number;
  wallError: number;
  /** kill -9: nothing of it happens any more. */
  kill(): void;
  stop(): Promise<void>;
}

function startProcess(world: World, name: string, rate = 1): Process {
  const { time, random, acting, terms } = world;
  let dead = false;
  let running = 0;
  const clock = time.clock({ rate, wallError: () => process.wallError, dead: () => dead });
  const delay = (): number | undefined => {
    if (dead || process.cut || random() < process.loss) return undefined;
    return 1 + random() * process.slowness;
  };
  const process: Process = {
    name,
    cut: false,
    loss: 0,
    slowness: 20,
    wallError: 0,
    kill() {
      dead = true;
      acting.delete(name);
    },
    async stop() {
      await elector[Symbol.asyncDispose]();
      dead = true;
    },
  };
  const elector = startElector({
    client: world.lease.clientThrough({ delay, heard: () => !dead }),
    lease,
    identity: name,
    timing: standardTiming,
    clock,
    random,
    async onElected(signal) {
      running++;
      expect(running, 'a term begins after what the one before it began').toBe(1);
      acting.add(name);
      terms.push({ who: name, at: time.now() });
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          acting.delete(name);
          // What was begun takes a while to end.
          clock.after(random() * 3_000, resolve);
        });
      });
      running--;
      world.ends.set(name, time.now());
    },
    onLost: () => undefined,
    onWaiting: () => undefined,
    onTrouble: () => undefined,
  });
  return process;
}

const fault = fc.record({
  at: fc.integer({ min: 0, max: 120_000 }),
  lasts: fc.integer({ min: 100, max: 40_000 }),
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom('cut', 'loss', 'slow', 'clock', 'kill', 'stop', 'edit'),
});

type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

function schedule(world: World, processes: Process[], { at, lasts, who, what }: Fault): void {
  const set = (apply: (process: Process) => void, undo: (process: Process) => void): void => {
    world.time.at(at, () => {
      const process = processes[who];
      if (process === undefined) return;
      apply(process);
      world.time.at(at + lasts, () => undo(process));
    });
  };
  const restart = (): void => {
    processes[who] = startProcess(world, `p${who}-${world.time.now()}`);
  };
  if (what === 'cut')
    set(
      (p) => (p.cut = true),
      (p) => (p.cut = false),
    );
  if (what === 'loss')
    set(
      (p) => (p.loss = 0.6),
      (p) => (p.loss = 0),
    );
  if (what === 'slow')
    set(
      (p) => (p.slowness = 6_000),
      (p) => (p.slowness = 20),
    );
  if (what === 'clock')
    set(
      (p) => (p.wallError = hour),
      (p) => (p.wallError = -hour),
    );
  if (what === 'kill') set((p) => p.kill(), restart);
  if (what === 'stop') set((p) => void p.stop(), restart);
  // Helm changes a label: every version known is outdated, the record is not.
  if (what === 'edit')
    set(
      () => world.lease.edit(world.lease.object()['spec'] as object),
      () => undefined,
    );
}

/** A term ends while a write is on its way that would begin the next, and what was done in it takes a while to end. */
const endedOnTheWay: [Fault[], number, [number, number]] = [
  [
    { at: 7_711, lasts: 10_684, who: 0, what: 'stop' },
    { at: 60_203, lasts: 9_248, who: 0, what: 'slow' },
    { at: 2_691, lasts: 23_328, who: 2, what: 'loss' },
    { at: 19_213, lasts: 13_399, who: 2, what: 'stop' },
    { at: 67_876, lasts: 18_443, who: 0, what: 'edit' },
    { at: 22_455, lasts: 3_700, who: 1, what: 'cut' },
    { at: 80_649, lasts: 6_279, who: 1, what: 'slow' },
    { at: 51_660, lasts: 26_163, who: 0, what: 'loss' },
    { at: 27_827, lasts: 3_207, who: 0, what: 'clock' },
  ],
  1_086_753_491,
  [1.0659270830109404, 1.0999999999999968],
];

describe('whatever happens to network, clocks and processes', () => {
  test('never do two act as leader, and once it is quiet one does within the lease duration and 5 s', async () => {
    const property = fc.asyncProperty(
      fc.array(fault, { maxLength: 12 }),
      fc.nat(),
      fc.tuple(fc.double({ min: 0.9, max: 1.1, noNaN: true }), fc.double({ min: 0.9, max: 1.1, noNaN: true })),
      async (faults, seed, rates) => {
        const world = createWorld(seed);
        const processes = [0, 1, 2].map((i) => startProcess(world, `p${i}`, rates[i] ?? 1));
        for (const each of faults) schedule(world, processes, each);
        const alone = (): void => {
          if (world.acting.size > 1) throw new Error(`${[...world.acting]} act at ${world.time.now()}`);
        };
        const quiet = Math.max(0, ...faults.map(({ at, lasts }) => at + lasts));
        await world.time.passUntil(quiet, alone);
        // What was on its way then may still arrive, and a clock may be a tenth slow.
        await world.time.passUntil(quiet + 12_000 + 20_000 * 1.2, alone);
        expect(world.acting.size).toBe(1);
        await world.time.passUntil(world.time.now() + 60_000, alone);
        expect(world.acting.size).toBe(1);
      },
    );
    await fc.assert(property, { numRuns: 150, endOnFailure: true, examples: [endedOnTheWay] });
  }, 120_000);

  test('in quiet one leads from the start to the end', async () => {
    const world = createWorld(1);
    for (const name of ['a', 'b', 'c']) startProcess(world, name);
    await world.time.passUntil(10 * 60_000);
    expect(world.terms).toHaveLength(1);
    expect(world.lease.object()).toMatchObject({
      metadata: { labels: { app: 'sekisho' } },
      spec: { holderIdentity: world.terms[0]?.who, leaseTransitions: 1, leaseDurationSeconds: 15 },
    });
  });
});

/** Two of them, one of which leads. */
async function startPair(seed: number) {
  const world = createWorld(seed);
  const leader = startProcess(world, 'leader');
  await world.time.passUntil(1_000);
  const heir = startProcess(world, 'heir');
  await world.time.passUntil(30_000 + seed * 137);
  expect([...world.acting]).toEqual(['leader']);
  const alone = (): void => expect(world.acting.size).toBeLessThan(2);
  /** How long until the heir leads. */
  const succession = async (): Promise<number> => {
    const from = world.time.now();
    await world.time.passUntil(from + 60_000, alone);
    const term = world.terms.find(({ who }) => who === 'heir');
    return term === undefined ? Number.POSITIVE_INFINITY : term.at - from;
  };
  return { world, leader, heir, succession };
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe('the heir leads', () => {
  test('within the lease duration and 5 s after a kill -9, and no sooner than the lease allows', async () => {
    for (const seed of seeds) {
      const { leader, succession } = await startPair(seed);
      leader.kill();
      const milliseconds = await succession();
      expect(milliseconds).toBeLessThanOrEqual(20_000);
      expect(milliseconds).toBeGreaterThan(12_000);
    }
  });

  test('within a retry period and its jitter after the leader was told to stop, once what it did has ended', async () => {
    for (const seed of seeds) {
      const { leader, world, succession } = await startPair(seed);
      const stopping = leader.stop();
      await world.time.passUntil(world.time.now() + 3_100);
      await stopping;
      const succeeded = world.time.now() + (await succession());
      const ended = world.ends.get('leader') ?? Number.NaN;
      expect(succeeded).toBeGreaterThan(ended);
      expect(succeeded - ended, `with seed ${seed}`).toBeLessThanOrEqual(2_600);
    }
  });

  test('within a retry period after a candidate that is stopped while its first write is under way', async () => {
    const world = createWorld(5);
    const candidate = startProcess(world, 'candidate');
    candidate.slowness = 2_000;
    let writing = false;
    while (!writing) {
      await world.time.passUntil(world.time.now() + 1);
      const { spec } = world.lease.object() as { spec?: { holderIdentity: string } };
      writing = spec?.holderIdentity === 'candidate';
    }
    expect(world.terms).toEqual([]);
    candidate.slowness = 20;
    const stopping = candidate.stop();
    await world.time.passUntil(world.time.now() + 4_000);
    await stopping;
    expect(world.terms, 'it does not begin what it would have to end').toEqual([]);
    startProcess(world, 'heir');
    await world.time.passUntil(world.time.now() + 2_600);
    expect([...world.acting]).toEqual(['heir']);
  });

  test('after the leader was cut off, which by then has long stopped', async () => {
    for (const seed of seeds) {
      const { leader, world, succession } = await startPair(seed);
      leader.cut = true;
      const cut = world.time.now();
      await world.time.passUntil(cut + 10_050);
      expect([...world.acting], 'the deadline counts from the last renewal that was sent').toEqual([]);
      expect(await succession()).toBeLessThanOrEqual(10_000);
      leader.cut = false;
      await world.time.passUntil(world.time.now() + 60_000);
      expect([...world.acting]).toEqual(['heir']);
    }
  });

  test.each([
    ['the leader', 1, 0],
    ['the leader', -1, 0],
    ['the heir', 0, 1],
    ['the heir', 0, -1],
  ])('not because the clock of %s jumps by an hour', async (_who, ofLeader, ofHeir) => {
    const { leader, heir, world, succession } = await startPair(3);
    leader.wallError = ofLeader * hour;
    heir.wallError = ofHeir * hour;
    expect(await succession()).toBe(Number.POSITIVE_INFINITY);
    expect(world.terms).toHaveLength(1);
  });
});
