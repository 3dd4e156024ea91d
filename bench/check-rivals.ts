import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoMissing, goTools } from '../e2e/drivers/go-tools.ts';
import { type Figure, ratioFigure } from './figures.ts';
import { type FinishedRun, runToEnd } from './finished-run.ts';
import { violatingPods, writePods } from './many-manifests.ts';
import type { Setting } from './part.ts';
import { table } from './report.ts';
import { median, spread } from './statistics.ts';

const pods = 1_000;

/** Somebody who judges the same pods by policies that ask the same. */
interface Program {
  readonly name: string;
  command(folder: string): readonly string[];
  /** How many pods it says violate. */
  violating(output: string): number;
}

/** What was found, for the report. */
export interface Compared {
  readonly figures: readonly Figure[];
  readonly paragraphs: readonly string[];
}

const policies = join(import.meta.dirname, 'check-rivals');

async function methodOf(): Promise<string> {
  const [kyvernoVersion, gatekeeperVersion] = await Promise.all([versionOf('kyverno'), versionOf('gator')]);
  return [
    `${pods.toLocaleString('en')} files with a Pod each, of which ${violatingPods(pods)} violate; every program said so in every round. All ask the Pod Security Standards at restricted:`,
    'Sekisho by `builtin:restricted`;',
    `Kyverno ${kyvernoVersion} by one ClusterPolicy \`validate.podSecurity\` with \`level: restricted\`, \`version: latest\` (\`bench/check-rivals/kyverno.yaml\`);`,
    `Gatekeeper ${gatekeeperVersion}, which has nothing built in for it, by one ConstraintTemplate in Rego that asks every field which the standards name, of pods on Linux (\`bench/check-rivals/gatekeeper.yaml\`).`,
    'Not the same: the text of what is found; Sekisho also proposes changes.',
  ].join('\n');
}

/** As its Go module is required. */
async function versionOf(family: 'kyverno' | 'gator'): Promise<string> {
  const goMod = await readFile(join(import.meta.dirname, '..', 'e2e', 'tools', family, 'go.mod'), 'utf8');
  return (
    /^(?:require|\t)\s*github\.com\/(?:kyverno\/kyverno|open-policy-agent\/gatekeeper\/v3) (v\S+)/m.exec(goMod)?.[1] ??
    ''
  );
}

/** Each in turn, round by round; who cannot be built is left out, and the report says so. */
export async function comparePrograms({ options, build, scratch }: Setting): Promise<Compared> {
  const own: Program = {
    name: 'sekisho check',
    command: (folder) => [...build.command, 'check', folder, '-p', 'builtin:restricted'],
    violating: (output) => output.match(/^ {2}Pod /gm)?.length ?? 0,
  };
  // One build after another: each takes gigabytes.
  const rivals = options.go ? [await built('kyverno', kyverno), await built('gator', gator)] : [];
  const programs = [own, ...rivals.filter((rival) => 'command' in rival)];
  const skipped = rivals.flatMap((rival) => ('skipped' in rival ? [rival.skipped] : []));
  const folder = join(scratch.folder, 'pods');
  await writePods(folder, pods);
  const runs = new Map(programs.map((program) => [program, [] as FinishedRun[]]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [program, finished] of runs) {
      finished.push(await judged(program, folder, join(scratch.folder, 'judged.txt')));
      process.stderr.write(
        `bench: round ${round} of ${options.rounds}: ${program.name} ${rowOf(program, finished)[1]} s\n`,
      );
    }
  }
  const ours = runs.get(own) ?? [];
  return {
    figures: [...runs].flatMap(([{ name }, theirs]) => (theirs === ours ? [] : [timesAsLong(name, theirs, ours)])),
    paragraphs: [
      ...(options.go ? [] : ['SKIPPED: nobody else was measured (--no-go).']),
      ...skipped.map((why) => `SKIPPED: ${why}`),
      ...(programs.length > 1 ? [await methodOf()] : []),
      table(
        ['', 'seconds', 'least–most', 'most RSS'],
        [...runs].map(([program, finished]) => rowOf(program, finished)),
      ),
    ],
  };
}

/** A round counts only where all found the same pods. */
async function judged(program: Program, folder: string, output: string): Promise<FinishedRun> {
  const finished = await runToEnd(program.command(folder), output);
  const text = await readFile(output, 'utf8');
  const found = program.violating(text);
  if (finished.code === 1 && found === violatingPods(pods)) return finished;
  throw new Error(`${program.name}: exit code ${finished.code}, ${found} pods violate\n${text.slice(-2_000)}`);
}

function timesAsLong(name: string, theirs: readonly FinishedRun[], ours: readonly FinishedRun[]): Figure {
  const ratios = theirs.map(({ seconds }, round) => seconds / (ours[round]?.seconds ?? Number.NaN));
  return ratioFigure(`${name} takes, times as long`, { median: median(ratios), ...spread(ratios) }, [1.5, 1]);
}

function rowOf({ name }: Program, finished: readonly FinishedRun[]): readonly string[] {
  const seconds = finished.map((run) => run.seconds);
  const { least, most } = spread(seconds);
  const memory = Math.max(...finished.map(({ mebibytes }) => mebibytes ?? 0));
  return [name, median(seconds).toFixed(2), `${least.toFixed(2)}–${most.toFixed(2)}`, `${memory.toFixed(0)} MiB`];
}

function kyverno(folder: string): Program {
  return {
    name: 'kubectl-kyverno apply',
    command: (manifests) => [
      join(folder, 'kubectl-kyverno'),
      'apply',
      join(policies, 'kyverno.yaml'),
      '--resource',
      manifests,
    ],
    violating: (output) => Number(/\bfail: (\d+)/.exec(output)?.[1] ?? 0),
  };
}

function gator(folder: string): Program {
  const files = (manifests: string) => ['--filename', join(policies, 'gatekeeper.yaml'), '--filename', manifests];
  return {
    name: 'gator test',
    command: (manifests) => [join(folder, 'gator'), 'test', ...files(manifests)],
    violating: (output) => new Set(output.match(/^v1\/Pod \S+: /gm)).size,
  };
}

/** Built of its Go module; what cannot be had is no fault of ours. */
async function built(
  family: 'kyverno' | 'gator',
  program: (folder: string) => Program,
): Promise<Program | { readonly skipped: string }> {
  try {
    return program(await goTools(family));
  } catch (thrown) {
    if (thrown instanceof GoMissing) return { skipped: `${family}: Go is not on the PATH, so it cannot be built` };
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { skipped: `${family} could not be built: ${message.split('\n', 1)[0]}` };
  }
}
