import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { cores, onCore } from './machine.ts';

/** A server under measurement, alone on its core, with its output thrown away. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  /** By `performance.now()`. */
  readonly spawned: number;
  /** Resolves to the time at which the page answered with 200. */
  whenReady(url: string): Promise<number>;
  /** SIGTERM, then SIGKILL. */
  stop(): Promise<void>;
}

/** Killed when this process ends without having stopped them. */
const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const readyWithin = 20_000;
const graceMilliseconds = 15_000;

export function startServer(command: readonly string[], env: NodeJS.ProcessEnv = {}): ServerProcess {
  const [program = '', ...args] = onCore(cores.server, command);
  const spawned = performance.now();
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      ended = reason;
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`ended with ${signal ?? code}`));
  });
  const kill = () => child.kill('SIGKILL');
  running.add(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const overdue = setTimeout(kill, graceMilliseconds);
    await exited;
    clearTimeout(overdue);
    running.delete(child);
  };
  const whenReady = async (url: string): Promise<number> => {
    while (ended === undefined && performance.now() - spawned < readyWithin) {
      if ((await statusOf(url)) === 200) return performance.now();
      await sleep(2);
    }
    throw new Error(`${command.join(' ')}: ${ended ?? `not ready after ${readyWithin} ms`}; run it by hand to see why`);
  };
  return { pid: child.pid ?? 0, spawned, whenReady, stop, [Symbol.asyncDispose]: stop };
}

/** The certificate is not looked at: what is asked here is only whether somebody answers. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { agent: false, timeout: 1_000, rejectUnauthorized: false } as const;
    const request = (url.startsWith('https:') ? getSecure : get)(url, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
