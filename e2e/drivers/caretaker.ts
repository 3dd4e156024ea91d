/**
 * Cleans up a cluster that does not end with our processes, once the parent is done or dead (vitest leaves a millisecond
 * after Ctrl-C, too short for any clean-up of its own). The parent writes the duty to our stdin and closes it, or dies.
 */
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Cluster } from './cluster.ts';
import { removeLeftovers } from './leftovers.ts';
import { removeCgroups } from './node/cgroups.ts';
import { runProgram } from './program.ts';

/** What is to be undone, in this order: objects in a cluster, a command, control groups of a name, a folder. */
export interface Duty {
  readonly cluster?: Cluster;
  readonly command?: readonly [program: string, ...args: string[]];
  readonly cgroups?: string;
  readonly folder: string;
}

process.on('SIGINT', () => {});
const { cluster, command, cgroups, folder } = JSON.parse(await text(process.stdin)) as Duty;
if (cluster !== undefined) await removeLeftovers(cluster);
if (command !== undefined) await runProgram(command[0], command.slice(1));
if (cgroups !== undefined) await removeCgroups(cgroups);
await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); // somebody may still be writing
