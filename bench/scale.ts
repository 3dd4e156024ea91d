import { type Figure, limitFigure, ratioFigure } from './figures.ts';
import type { Target } from './load.ts';
import { describeMachine, residentMebibytes } from './machine.ts';
import { startFullCluster } from './many-objects.ts';
import { counts, manyExceptions, manyPolicies, namespaceNames, type Reach, writeDocuments } from './many-policies.ts';
import type { Part, Setting } from './part.ts';
import { doubtsOf, figureTable, mebibytes, table, throughputTable } from './report.ts';
import { type PodKind, reviewsIn } from './reviews.ts';
import { measureInTurn, ratioOf, type Series } from './rounds.ts';
import { type SekishoServer, startSekisho } from './sekisho-server.ts';
import { idleMemory, startTime } from './start-time.ts';
import { loadOptions } from './throughput.ts';

const one = 'one policy';
const reaches: Readonly<Record<Reach, string>> = {
  spread: '1,000 policies, two or three for a namespace',
  everywhere: '1,000 policies, all for every namespace',
};
const kinds: readonly PodKind[] = ['compliant', 'denied'];

const nameOf = (policies: string, kind: PodKind): string => `${policies}: ${kind} pod`;

/** A thousand policies, a thousand exceptions, ten thousand namespaces. */
export async function measureScale(setting: Setting): Promise<Part> {
  const files = await policyFiles(setting);
  const single = ['--policy', new URL('policy.yaml', import.meta.url).pathname];
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, SekishoServer>();
  for (const [name, flags] of [
    [one, single],
    ...Object.entries(files).map(([reach, f]) => [reaches[reach as Reach], f]),
  ] as [string, string[]][]) {
    const server = await startSekisho(setting.build, setting.scratch, flags);
    stack.use(server.process);
    await server.process.whenReady(server.readyUrl);
    servers.set(name, server);
  }
  const targets = kinds.flatMap((kind) => [...servers].map(([name, server]) => targetOf(name, kind, server)));
  const series = await measureInTurn(targets, setting.options.rounds, loadOptions(setting.options, setting.scratch));
  const loaded = [...servers].map(([name, { process }]) => [name, mebibytes(residentMebibytes(process.pid))] as const);
  await stack.disposeAsync();
  const idle = await idleOf(setting, files);
  const cluster = await clusterFigures(setting);
  const figures = [...throughputFigures(series), ...idle, ...cluster];
  for (const doubt of doubtsOf(series)) process.stderr.write(`bench: doubtful: ${doubt}\n`);
  return { title: 'Scale', text: reportOf(setting, { series, figures, loaded }), figures };
}

async function policyFiles({ scratch: { folder } }: Setting): Promise<Readonly<Record<Reach, readonly string[]>>> {
  const exceptions = manyExceptions(new Date());
  const flags = async (reach: Reach) => [
    '--policy',
    await writeDocuments(folder, reach, [...manyPolicies(reach), ...exceptions]),
  ];
  return { spread: await flags('spread'), everywhere: await flags('everywhere') };
}

const namespaces = namespaceNames();

function targetOf(policies: string, kind: PodKind, { process: { pid }, port }: SekishoServer): Target {
  const expectation =
    kind === 'compliant' ? { allowed: true } : { allowed: false, message: /\d+\+? violations? of polic/ };
  return { name: nameOf(policies, kind), pid, port, reviews: reviewsIn(kind, namespaces), expectation };
}

/**
 * The floor of the acceptance, but not for a pod that a thousand policies refuse at once: eight thousand findings in one
 * answer cost what they cost. Its figure stands beside the others.
 */
function throughputFigures(series: readonly Series[]): readonly Figure[] {
  return (['spread', 'everywhere'] as const).flatMap((reach) =>
    kinds.map((kind) => {
      const ratio = ratioOf(nameOf(reaches[reach], kind), nameOf(one, kind), series);
      const refusedByAll = reach === 'everywhere' && kind === 'denied';
      return ratioFigure(`${nameOf(reaches[reach], kind)} / one policy`, ratio, refusedByAll ? [0.5] : [0.5, 1 / 3]);
    }),
  );
}

async function idleOf({ build, scratch }: Setting, files: Readonly<Record<Reach, readonly string[]>>) {
  const figures: Figure[] = [];
  for (const reach of ['spread', 'everywhere'] as const) {
    const start = await startTime(build, scratch, files[reach]);
    figures.push(limitFigure(`start, ${reaches[reach]}`, start, [1_000, 'ms', 0]));
    const idle = await idleMemory(build, scratch, files[reach]);
    figures.push(limitFigure(`idle RSS, ${reaches[reach]}`, idle, [110, 'MiB', 0]));
  }
  return figures;
}

/** The same from a real API server, together with all namespaces. */
async function clusterFigures({ build, scratch }: Setting): Promise<readonly Figure[]> {
  const cluster = await startFullCluster('spread');
  if ('skipped' in cluster) process.stderr.write(`bench: SKIPPED: the cluster's policies: ${cluster.skipped}\n`);
  await using full = 'skipped' in cluster ? undefined : cluster;
  const start = full && (await startTime(build, scratch, full.flags));
  const idle = full && (await idleMemory(build, scratch, full.flags));
  const what = `${counts.policies.toLocaleString('en')} policies and ${counts.namespaces.toLocaleString('en')} namespaces of a cluster`;
  return [
    limitFigure(`start, ${what}`, start, [2_500, 'ms', 0]),
    limitFigure(`idle RSS, ${what}`, idle, [150, 'MiB', 0]),
  ];
}

interface Found {
  readonly series: readonly Series[];
  readonly figures: readonly Figure[];
  readonly loaded: readonly (readonly [string, string])[];
}

function reportOf({ options, command, build }: Setting, { series, figures, loaded }: Found): string {
  const number = (value: number): string => value.toLocaleString('en');
  const paragraphs = [
    '# Scale',
    `Written by \`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${describeMachine()}.`,
    [
      `${number(counts.policies)} policies at restricted, ${number(counts.exceptions)} exceptions (of other pods), reviews of ${number(counts.namespaces)} namespaces in turn.`,
      `Each server has the same core of its own in turn; \`${build.name}\`, ${options.rounds} rounds of ${options.seconds} s.`,
    ].join('\n'),
    throughputTable(series),
    figureTable(figures),
    table(['after the load', 'RSS'], loaded),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}
