import { setTimeout as sleep } from 'node:timers/promises';
import { residentMebibytes } from './machine.ts';
import type { Scratch } from './scratch.ts';
import { type Build, startSekisho } from './sekisho-server.ts';
import { median } from './statistics.ts';

const starts = 5;
const idleMilliseconds = 5_000;

/** Milliseconds from the start of the process to a page that says it is ready: median of several starts. */
export async function startTime(build: Build, scratch: Scratch, policy?: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < starts; i++) {
    const { process, readyUrl } = await startSekisho(build, scratch, policy);
    await using server = process;
    times.push((await server.whenReady(readyUrl)) - server.spawned);
  }
  return median(times);
}

/** MiB of a server that was ready and then was asked nothing. */
export async function idleMemory(
  build: Build,
  scratch: Scratch,
  policy?: readonly string[],
): Promise<number | undefined> {
  const { process, readyUrl } = await startSekisho(build, scratch, policy);
  await using server = process;
  await server.whenReady(readyUrl);
  await sleep(idleMilliseconds);
  return residentMebibytes(server.pid);
}
