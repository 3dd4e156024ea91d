import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** How long it may take after SIGTERM before SIGKILL. */
  readonly graceMs?: number;
  /** Removed once the process has ended, also when this one was killed. */
  readonly removeFolder?: string;
}

/** A process that ends with us, even when we are killed (see lifeline.ts). */
export interface RunningProcess extends AsyncDisposable {
  /** Its exit code, or 128 + the signal. */
  readonly exited: Promise<number>;
  /** What it wrote on stdout and stderr: the last few MiB. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after the grace. Resolves when it is gone. */
  stop(): Promise<void>;
}

const keptOutput = 4 * 1024 * 1024;

/** The command may be a line that ends with the program, such as `nsenter … etcd`. */
export function startProcess(
  command: string | readonly string[],
  args: readonly string[],
  { env, cwd, graceMs = 5_000, removeFolder }: ProcessOptions,
): RunningProcess {
  const lifeline = [join(import.meta.dirname, 'lifeline.ts'), JSON.stringify({ graceMs, removeFolder })];
  const child = spawn(process.execPath, [...lifeline, ...[command].flat(), ...args], { env, cwd, detached: true });
  let text = '';
  const collect = (chunk: string): void => {
    text += chunk;
    if (text.length > 2 * keptOutput) text = text.slice(-keptOutput);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  child.stdin.on('error', () => {}); // EPIPE: it has ended already
  const exited = new Promise<number>((resolve) => {
    child.on('error', (error) => {
      collect(error.message);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const overdue = setTimeout(() => child.kill('SIGKILL'), graceMs + 5_000);
    await exited;
    clearTimeout(overdue);
  };
  return {
    exited,
    output: () => text,
    signal: (name) => void child.stdin.write(`${name}\n`),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
