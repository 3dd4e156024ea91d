import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** What a program did from its start to its end, with all cores to itself. */
export interface FinishedRun {
  readonly code: number | null;
  readonly seconds: number;
  /** The most that was resident at any time, MiB; undefined where /proc does not tell. */
  readonly mebibytes: number | undefined;
}

const lookEvery = 10;

/** Runs a program to its end, its output in a file: a pipe would measure whoever reads it. */
export async function runToEnd(command: readonly string[], output: string): Promise<FinishedRun> {
  const [program = '', ...args] = command;
  const descriptor = openSync(output, 'w');
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', descriptor, descriptor] });
  let kibibytes: number | undefined;
  // The high-water mark is the kernel's: only what grows in the last moment is missed.
  const looking = setInterval(() => {
    kibibytes = highWaterMark(child.pid) ?? kibibytes;
  }, lookEvery);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const seconds = (performance.now() - started) / 1_000;
    return { code, seconds, mebibytes: kibibytes === undefined ? undefined : kibibytes / 1024 };
  } finally {
    clearInterval(looking);
    closeSync(descriptor);
  }
}

function highWaterMark(pid: number | undefined): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}
