import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildAhead } from '../build-ahead.ts';
import type { Attack, Siege } from '../harness/attackers.ts';
import { type CallerKind, failuresOf, startCallers } from '../harness/callers.ts';
import { describeCase } from '../harness/case.ts';
import { nodeTimeoutMs } from '../harness/node.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

/** Every attack holds at least so long, which is more than any of the server's timeouts. */
const leastMilliseconds = 12_000;
const mostMilliseconds = 500;
/** Measured before each siege, and printed: what this machine, busy with other things or not, gives by itself. */
const peaceMilliseconds = 3_000;
/** Who is measured: each asks ten times a second, and no more often when the answer is late. */
const ordinary = { kept: 4, fresh: 2, pauseMilliseconds: 100 };

const attacks = {
  '900 slow headers': [{ kind: 'slowHeaders', count: 900, from: 1 }],
  '200 slow bodies': [{ kind: 'slowBodies', count: 200, from: 1 }],
  '500 half-open handshakes': [{ kind: 'halfOpen', count: 500, from: 1 }],
  '5,000 aborts at random bytes': [{ kind: 'aborts', count: 5_000, from: 3 }],
} satisfies Record<string, readonly Attack[]>;
const together = Object.values(attacks).flat();
/** They have sent a review, so that they are no strangers, and take every place there is. */
const squatters: readonly Attack[] = [{ kind: 'squatters', count: 2_500, from: 10 }];

describeCase('a siege', [], () => {
  let sekisho: Sekisho;
  let ca: string;
  let review: string;
  beforeAll(async () => {
    await buildAhead(); // whose compilers would be measured
    sekisho = await startSekisho({ register: false });
    ca = await readFile(join(sekisho.dir, 'ca.crt'), 'utf8');
    const reviews = join(import.meta.dirname, '..', '..', 'test', 'data', 'reviews', 'pod-fixed.json');
    review = JSON.stringify(JSON.parse(await readFile(reviews, 'utf8')));
  }, nodeTimeoutMs);
  afterAll(() => sekisho?.stop());

  const openFiles = async (): Promise<number> => {
    const metrics = await (await fetch(new URL('/metrics', sekisho.probeUrl))).text();
    return Number(/^process_open_fds (\d+)$/m.exec(metrics)?.[1]);
  };

  const scenes = { ...attacks, 'all of them together': together, '2,500 connections of ten known callers': squatters };
  test.for(Object.entries(scenes))('of %s delays nobody else', { timeout: 180_000 }, async ([name, list]) => {
    const baseline = await openFiles();
    const siege = { port: Number(new URL(sekisho.url).port), review, attacks: list };
    const callers = startCallers({ url: () => sekisho.url, ca, review, ...ordinary });
    await sleep(peaceMilliseconds);
    const peace = percentile(
      callers.calls.map(({ milliseconds }) => milliseconds),
      0.99,
    );
    const attackers = await besiege(siege);
    await attackers.ready;
    await sleep(leastMilliseconds);
    await callers.stop();
    const times = (kind: CallerKind): readonly number[] =>
      callers.calls.filter((call) => call.kind === kind).map(({ milliseconds }) => milliseconds);
    const during = await openFiles();
    await attackers.stop();
    const recovered = await settled(async () => (await openFiles()) <= baseline);
    process.stdout.write(
      `${name}: ${figures('kept connections', times('kept'))}, ${figures('new ones', times('fresh'))}; ` +
        `before: 99 % ${Math.round(peace)} ms; ${during} open files, back to ${baseline} after ${recovered} ms\n`,
    );
    expect(failuresOf(callers.calls)).toEqual([]);
    expect(percentile(times('kept'), 0.99)).toBeLessThan(mostMilliseconds);
    expect(percentile(times('fresh'), 0.99)).toBeLessThan(mostMilliseconds);
    expect(recovered).toBeLessThan(10_000);
  });
});

interface Attackers {
  /** Every connection was opened once, or aborted. */
  readonly ready: Promise<unknown>;
  stop(): Promise<void>;
}

async function besiege(siege: Siege): Promise<Attackers> {
  const program = join(import.meta.dirname, '..', 'harness', 'attackers.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(siege)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const ready = Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    closed.then(([code]) => Promise.reject(new Error(`the attackers ended with ${code}`))),
  ]);
  ready.catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await closed;
  };
  return { ready, stop };
}

/** How long it took until the condition held, at most some seconds more than anybody waits. */
async function settled(condition: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await condition()) && performance.now() - started < 15_000) await sleep(100);
  return Math.round(performance.now() - started);
}

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.POSITIVE_INFINITY;
}

function figures(name: string, times: readonly number[]): string {
  const at = (share: number): string => `${Math.round(percentile(times, share))} ms`;
  return `${name}: ${times.length} answers, median ${at(0.5)}, 99 % ${at(0.99)}, longest ${at(1)}`;
}
