import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/* bin/sekisho as a process of its own, as somebody would start it. */

export const program = join(import.meta.dirname, '..', '..', 'bin', 'sekisho');

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'sekisho-serve-'));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end. */
export async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', ...environment };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  readonly probeUrl: string;
  readonly lines: Record<string, unknown>[];
  /** Waits for a log line. */
  logged(message: string, withinMs?: number): Promise<Record<string, unknown>>;
  readonly exited: Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `sekisho serve` on ports of its own choice, up to the line that says which. */
export function serve(args: readonly string[]): Promise<Serving> {
  return start(['serve', '--port', '0', '--probe-port', '0', ...args]);
}

/** A command that goes on until it is stopped, up to the line that says where it listens. */
export async function start(args: readonly string[]): Promise<Serving> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const logged = async (message: string, withinMs = 15_000) => {
    for (let waited = 0; waited < withinMs; waited += 10) {
      const line = lines.find(({ msg }) => msg === message);
      if (line !== undefined) return line;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never logged ${message}: ${JSON.stringify(lines)}`);
  };
  const { url, probeUrl } = (await logged('listening')) as { url: string; probeUrl: string };
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { child, url, probeUrl, lines, logged, exited, [Symbol.asyncDispose]: stop };
}
