import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Attack, Siege } from '../harness/attackers.ts';
import { describeCase } from '../harness/case.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

/** Every attack holds at least so long, which is more than any of the server's timeouts. */
const leastMilliseconds = 12_000;
const mostMilliseconds = 500;

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
    sekisho = await startSekisho({ register: false });
    ca = await readFile(join(sekisho.dir, 'ca.crt'), 'utf8');
    const reviews = join(import.meta.dirname, '..', '..', 'test', 'data', 'reviews', 'pod-fixed.json');
    review = JSON.stringify(JSON.parse(await readFile(reviews, 'utf8')));
  });
  afterAll(() => sekisho?.stop());

  const openFiles = async (): Promise<number> => {
    const metrics = await (await fetch(new URL('/metrics', sekisho.probeUrl))).text();
    return Number(/^process_open_fds (\d+)$/m.exec(metrics)?.[1]);
  };

  const scenes = { ...attacks, 'all of them together': together, '2,500 connections of ten known callers': squatters };
  test.for(Object.entries(scenes))('of %s delays nobody else', { timeout: 180_000 }, async ([name, list]) => {
    const baseline = await openFiles();
    const siege = { port: Number(new URL(sekisho.url).port), review, attacks: list };
    const callers = startCallers(sekisho.url, { ca, review });
    const attackers = await besiege(siege);
    await attackers.ready;
    await sleep(leastMilliseconds);
    const { times, failures } = await callers.stop();
    const during = await openFiles();
    await attackers.stop();
    const recovered = await settled(async () => (await openFiles()) <= baseline);
    process.stdout.write(
      `${name}: ${figures('kept connections', times.kept)}, ${figures('new ones', times.fresh)}; ` +
        `${during} open files, back to ${baseline} after ${recovered} ms\n`,
    );
    expect(failures).toEqual([]);
    expect(percentile(times.kept, 0.99)).toBeLessThan(mostMilliseconds);
    expect(percentile(times.fresh, 0.99)).toBeLessThan(mostMilliseconds);
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

interface Callers {
  stop(): Promise<{ times: Record<'kept' | 'fresh', number[]>; failures: string[] }>;
}

const keptCallers = 4;
const freshCallers = 2;
/** Each asks ten times a second, and no more often when the answer is late. */
const pauseMilliseconds = 100;

/** Ordinary callers: some keep their connection, some connect for each request. */
function startCallers(url: string, { ca, review }: { ca: string; review: string }): Callers {
  const times: Record<'kept' | 'fresh', number[]> = { kept: [], fresh: [] };
  const failures: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: keptCallers });
  let stopped = false;
  const call = async (kind: 'kept' | 'fresh'): Promise<void> => {
    while (!stopped) {
      const started = performance.now();
      const answer = await post(url, review, { ca, agent: kind === 'kept' ? agent : false });
      times[kind].push(performance.now() - started);
      if (!answer.includes('"allowed":')) failures.push(answer);
      await sleep(pauseMilliseconds);
    }
  };
  const kinds = [...Array<'kept'>(keptCallers).fill('kept'), ...Array<'fresh'>(freshCallers).fill('fresh')];
  const ended = Promise.all(kinds.map(call));
  return {
    async stop() {
      stopped = true;
      await ended;
      agent.destroy();
      return { times, failures };
    },
  };
}

/** The answer, or what went wrong. */
function post(url: string, body: string, options: RequestOptions): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve(error.message);
    const outgoing = request(new URL('/validate?timeout=10s', url), { ...options, method: 'POST', headers });
    outgoing.on('response', (response) => void text(response).then(resolve, failed));
    outgoing.on('error', failed).end(body);
  });
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
