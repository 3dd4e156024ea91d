import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';

/** The cores of a run: the server that is measured has one to itself, all the rest happens on the other. */
export const cores = { server: 0, generator: 1 } as const;

/** The command that starts a program on one core; without taskset the program starts wherever the kernel likes. */
export function onCore(core: number, command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : command;
}

/** Moves this process, with all its threads and whatever it starts, off the server's core. */
export function leaveServerCore(): void {
  if (canPin) execFileSync('taskset', ['-acp', String(cores.generator), String(process.pid)], { stdio: 'ignore' });
}

/** Lets this process, and what it starts from now on, run on every core again. */
export function leaveNoCore(): void {
  if (!canPin) return;
  const all = `0-${cpus().length - 1}`;
  execFileSync('taskset', ['-acp', all, String(process.pid)], { stdio: 'ignore' });
}

export const canPin = cpus().length >= 2 && hasTaskset();

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  return `${cpus().length} cores, ${model}, ${platform()} ${arch()}, Node.js ${process.versions.node}`;
}

/** Seconds that a process has run, by the kernel's book. 0 where there is no such book. */
export function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold blanks; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/** Seconds in which a core was not idle, whoever used it. */
export function busySeconds(core: number): number {
  const line = read('/proc/stat')
    .split('\n')
    .find((text) => text.startsWith(`cpu${core} `));
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (line ?? '').split(' ').map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

/** Linux' USER_HZ, on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

/** Resident memory in MiB; undefined where /proc does not tell. */
export function residentMebibytes(pid: number): number | undefined {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`));
  return match === null ? undefined : Number(match[1]) / 1024;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
