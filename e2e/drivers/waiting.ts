import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from './process.ts';

export interface WaitOptions {
  readonly withinMs: number;
  readonly what: string;
  /** Waiting ends at once, with its output in the error, when this process ends. */
  readonly process?: RunningProcess;
  readonly everyMs?: number;
}

/** Asks again and again until the answer is not `undefined`. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  { withinMs, what, process, everyMs = 50 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let ended: number | undefined;
  process?.exited.then((code) => {
    ended = code;
  });
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (ended !== undefined) throw new Error(`${what}: ended with exit code ${ended}\n${tail(process)}`);
    if (performance.now() > deadline) throw new Error(`${what}: not after ${withinMs} ms\n${tail(process)}`);
    await sleep(everyMs);
  }
}

function tail(process: RunningProcess | undefined): string {
  return process === undefined ? '' : process.output().split('\n').slice(-40).join('\n');
}
