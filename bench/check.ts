import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Compared, comparePrograms } from './check-rivals.ts';
import type { Figure } from './figures.ts';
import { type FinishedRun, runToEnd } from './finished-run.ts';
import { describeMachine, leaveNoCore } from './machine.ts';
import { writeManifests } from './many-manifests.ts';
import type { Part, Setting } from './part.ts';
import { figureTable, table } from './report.ts';
import { median } from './statistics.ts';

const many = 10_000;
const tenfold = 100_000;
/** Seconds, and MiB. */
const limits = { seconds: 5, mebibytes: 200 } as const;

/** What `sekisho check` takes for manifests by the thousand, and beside others that judge manifests. */
export async function measureCheck(setting: Setting): Promise<Part> {
  const { options, build, scratch } = setting;
  // A program that reads files and ends: it has the machine to itself.
  leaveNoCore();
  const check = (folder: string, output: string): Promise<FinishedRun> =>
    runToEnd([...build.command, 'check', folder, '-p', 'builtin:restricted'], output);
  const rounds: FinishedRun[] = [];
  const folder = join(scratch.folder, 'manifests');
  await writeManifests(folder, many);
  for (let round = 1; round <= options.rounds; round++) {
    rounds.push(await checked(many, () => check(folder, join(scratch.folder, 'found.txt')), scratch.folder));
    say(`round ${round} of ${options.rounds}: ${many} manifests ${describe(rounds.at(-1))}`);
  }
  const large = join(scratch.folder, 'more-manifests');
  await writeManifests(large, tenfold);
  const most = await checked(tenfold, () => check(large, join(scratch.folder, 'found.txt')), scratch.folder);
  say(`${tenfold} manifests ${describe(most)}`);
  const compared = await comparePrograms(setting);
  const figures = [...figuresOf(rounds, most), ...compared.figures];
  return { title: 'Check', text: reportOf(setting, { rounds, most, compared, figures }), figures };
}

/** A run that judged all of them, and found what violates. */
async function checked(count: number, run: () => Promise<FinishedRun>, folder: string): Promise<FinishedRun> {
  const finished = await run();
  const text = await readFile(join(folder, 'found.txt'), 'utf8');
  if (finished.code === 1 && text.includes(`\nChecked ${count} objects: `)) return finished;
  throw new Error(`sekisho check of ${count} manifests: exit code ${finished.code}\n${text.slice(-500)}`);
}

function figuresOf(rounds: readonly FinishedRun[], most: FinishedRun): readonly Figure[] {
  const count = (value: number): string => value.toLocaleString('en');
  return [
    limitWithFloor(`${count(many)} manifests`, medianSeconds(rounds), [limits.seconds, 's', 2]),
    limitWithFloor(`${count(many)} manifests, RSS`, peak(rounds), [limits.mebibytes, 'MiB', 0]),
    limitWithFloor(`${count(tenfold)} manifests, RSS`, most.mebibytes, [limits.mebibytes, 'MiB', 0]),
  ];
}

/** What the acceptance names is aim and floor in one. */
function limitWithFloor(
  name: string,
  value: number | undefined,
  [limit, unit, digits]: readonly [limit: number, unit: string, digits: number],
): Figure {
  const bound = `≤ ${limit} ${unit}`;
  const met = value === undefined ? undefined : value <= limit;
  const reached = value === undefined ? 'SKIPPED' : `${value.toFixed(digits)} ${unit}`;
  return { name, reached, aim: bound, aimMet: met, floor: bound, floorMet: met };
}

const medianSeconds = (rounds: readonly FinishedRun[]): number => median(rounds.map(({ seconds }) => seconds));

function peak(rounds: readonly FinishedRun[]): number | undefined {
  const known = rounds.flatMap(({ mebibytes }) => mebibytes ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

function describe(run: FinishedRun | undefined): string {
  return `${run?.seconds.toFixed(2)} s, ${run?.mebibytes?.toFixed(0) ?? '?'} MiB`;
}

interface Found {
  readonly rounds: readonly FinishedRun[];
  readonly most: FinishedRun;
  readonly compared: Compared;
  readonly figures: readonly Figure[];
}

function reportOf({ options, command, build }: Setting, { rounds, most, compared, figures }: Found): string {
  const seconds = rounds.map((round) => round.seconds);
  const paragraphs = [
    '# Check',
    `Written by \`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${describeMachine()}.`,
    [
      `\`${build.name} check FOLDER -p builtin:restricted\`, output in a file, every core free, ${options.rounds} rounds; the median, then the least and the most.`,
      'Of ten manifests seven are workloads (two violate), three are none (one of them with a block scalar); a file each.',
    ].join('\n'),
    table(
      ['', 'seconds', 'least–most', 'most RSS'],
      [
        [
          `${many.toLocaleString('en')} manifests`,
          median(seconds).toFixed(2),
          `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
          mebibytes(peak(rounds)),
        ],
        [
          `${tenfold.toLocaleString('en')} manifests, one round`,
          most.seconds.toFixed(2),
          '',
          mebibytes(most.mebibytes),
        ],
      ],
    ),
    figureTable(figures),
    '## Beside others',
    ...compared.paragraphs,
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

const mebibytes = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(0)} MiB`);

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
