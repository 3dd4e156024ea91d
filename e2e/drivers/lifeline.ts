/**
 * Runs one command and ends it when the parent is gone, however the parent ended.
 *
 *     node lifeline.ts '{"graceMs": 5000, "removeFolder": "…"}' COMMAND [ARGUMENT…]
 *
 * The parent holds our stdin: a line on it is a signal for the command, its end means stop. A killed parent cannot run
 * its clean-up, but the kernel closes its end of the pipe, so an interrupted run leaves neither processes nor folders.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

interface LifelineOptions {
  readonly graceMs: number;
  /** Removed once the command has ended. */
  readonly removeFolder?: string;
}

const [, , optionsText = '{}', command = '', ...args] = process.argv;
const { graceMs, removeFolder } = JSON.parse(optionsText) as LifelineOptions;

// A process group of its own: Ctrl-C in a terminal must reach the command through us, in the right order.
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });

function signal(name: string): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It ended between the check and the signal.
  }
}

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  signal('SIGTERM');
  signal('SIGCONT');
  setTimeout(signal, graceMs, 'SIGKILL');
}

function leave(code: number): void {
  if (removeFolder !== undefined) rmSync(removeFolder, { recursive: true, force: true });
  process.exit(code);
}

createInterface(process.stdin).on('line', signal).on('close', stop);
process.on('SIGINT', () => {});
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  leave(127);
});
child.on('exit', (code, name) => leave(code ?? 128 + (name === null ? 0 : constants.signals[name])));
