import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Listening } from './bare.ts';
import { type CpuProfile, type ProfileSummary, type Share, summarise } from './cpu-profile.ts';
import { type LoadOptions, load, type Target } from './load.ts';
import { table } from './report.ts';
import type { Scratch } from './scratch.ts';

/** How often V8 looks, in microseconds. Oftener, and looking takes more than what is looked at. */
const interval = 1_000;

const warmUpSeconds = 6;

/** Where the time of one review goes. */
export interface Profile extends ProfileSummary {
  /** Microseconds of CPU time, with what the profiler itself takes. */
  readonly perReview: number;
}

export type Start = (flags: readonly string[]) => Promise<Listening>;

/** Loads a server that records where its time goes: a new one, started with flags of Node's. */
export async function profileOf(
  target: Target,
  start: Start,
  run: LoadOptions & { readonly scratch: Scratch },
): Promise<Profile> {
  const folder = await mkdtemp(join(run.scratch.folder, 'profile-'));
  const { process, port } = await start(['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${interval}`]);
  const own = { ...target, pid: process.pid, port };
  const sinceSpawn = () => (performance.now() - process.spawned) * 1_000;
  const seconds = Math.max(run.seconds, 8);
  let from = 0;
  let perReview = 0;
  try {
    await load(own, { ...run, seconds: warmUpSeconds });
    from = sinceSpawn();
    perReview = 1_000_000 / (await load(own, { ...run, seconds })).perCore;
  } finally {
    await process.stop();
  }
  const [file = ''] = await readdir(folder);
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  return { ...summarise(profile, { from, to: from + seconds * 1_000_000 }), perReview };
}

const shown = { modules: 20, functions: 15, stages: 20 } as const;

/** Two profiles side by side: what Sekisho takes beyond a bare server is what can be saved. */
export function formatProfile(name: string, own: Profile, bare: Profile): string {
  const row = ({ name: what, share }: Share) => [what, (share * own.perReview).toFixed(1)];
  const beside = ({ name: what, share }: Share) => {
    const same = bare.modules.find((module) => module.name === what)?.share ?? 0;
    return [what, (share * own.perReview).toFixed(1), (same * bare.perReview).toFixed(1)];
  };
  return [
    `### ${name}`,
    `${own.perReview.toFixed(0)} µs of CPU time for each review, the bare server ${bare.perReview.toFixed(0)} µs, both with the profiler's own cost. V8 counts JSON.parse to the function that calls it.`,
    table(['self time by module', 'sekisho µs', 'bare µs'], own.modules.slice(0, shown.modules).map(beside)),
    table(['time in our functions and what they call', 'sekisho µs'], own.stages.slice(0, shown.stages).map(row)),
    table(['self time by function', 'sekisho µs'], own.functions.slice(0, shown.functions).map(row)),
  ].join('\n\n');
}
