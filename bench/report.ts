import { type Figure, figuresOf, type Measured } from './figures.ts';
import { describeMachine } from './machine.ts';
import { reviewBytes } from './reviews.ts';
import { medianOf, type Series } from './rounds.ts';

/** What a run was, besides its figures. */
export interface RunDescription {
  readonly command: string;
  readonly build: string;
  readonly pinned: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  /** Why Kubernetes' own webhook was not measured. */
  readonly skipped: string | undefined;
  /** Where the time goes, as Markdown; empty where nobody asked. */
  readonly profiles: string;
}

export function formatReport(measured: Measured, run: RunDescription): string {
  const { evaluation, memory } = measured;
  const paragraphs = [
    '# Results',
    `Written by \`${run.command}\`, ${new Date().toISOString().slice(0, 10)}, ${describeMachine()}.`,
    methodOf(run),
    ...(run.skipped === undefined ? [] : [`SKIPPED: Kubernetes’ own webhook was not measured: ${run.skipped}`]),
    '## Throughput',
    throughputTable(measured.series),
    '## Aims and floors',
    figureTable(figuresOf(measured)),
    [
      'Ratios are of reviews per second of the server’s CPU time, so that whatever else ran on its core does not count.',
      'They are taken within each round; the median is shown, then the least and the most.',
    ].join('\n'),
    '## One pod alone',
    table(
      ['µs, in process, without JSON parsing', 'compliant', 'denied'],
      [
        ['judged', evaluation.judgeCompliant.toFixed(1), evaluation.judgeDenied.toFixed(1)],
        ['judged, explained, serialised', evaluation.answerCompliant.toFixed(1), evaluation.answerDenied.toFixed(1)],
      ],
    ),
    `RSS: ${mebibytes(memory.idle)} five seconds after ready, ${mebibytes(memory.loaded)} after the load.`,
    ...(run.profiles === '' ? [] : ['## Where the time goes', run.profiles]),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function methodOf({ build, pinned, connections, seconds, rounds }: RunDescription): string {
  const places = pinned
    ? 'The server has one core to itself (taskset; Go also with GOMAXPROCS=1); generator, API server and the rest are on the other.'
    : 'NOT PINNED: taskset or a second core is missing, so these figures say little.';
  return [
    places,
    `Sekisho is \`${build}\`: a policy file at restricted, metrics on, log at info level to /dev/null.`,
    `Reviews of ${reviewBytes} bytes over TLS 1.3 (TLS_AES_128_GCM_SHA256) and HTTP/1.1, ${connections} connections kept alive, one request at a time on each.`,
    `${rounds} rounds of ${seconds} s per target, in turn, after a warm-up of each.`,
    'Every answer was checked for its status and verdict, one in 64 for its uid and message.',
  ].join('\n');
}

/** Figures beside their aims and floors. */
export function figureTable(figures: readonly Figure[]): string {
  return table(['', 'reached', 'aim', '', 'floor', ''], figures.map(figureRow));
}

/** What each target reached. */
export function throughputTable(series: readonly Series[]): string {
  return table(throughputHead, series.map(throughputRow));
}

const throughputHead = [
  '',
  'reviews per CPU second',
  'least–most',
  'reviews/s',
  'server’s core',
  'generator’s core',
  'others on the server’s core',
];

function throughputRow(series: Series): readonly string[] {
  const rates = series.rounds.map(({ perCore }) => Math.round(perCore));
  return [
    series.name,
    String(Math.round(medianOf(series, 'perCore'))),
    `${Math.min(...rates)}–${Math.max(...rates)}`,
    String(Math.round(medianOf(series, 'perSecond'))),
    percent(medianOf(series, 'serverShare')),
    percent(medianOf(series, 'generatorShare')),
    percent(medianOf(series, 'strangerShare')),
  ];
}

function figureRow({ name, reached, aim, aimMet, floor = '', floorMet }: Figure): readonly string[] {
  return [name, reached, aim, verdict(aimMet, 'missed'), floor, floor === '' ? '' : verdict(floorMet, 'FAILED')];
}

function verdict(met: boolean | undefined, unmet: string): string {
  if (met === undefined) return 'not measured';
  return met ? 'met' : unmet;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function mebibytes(value: number | undefined): string {
  return value === undefined ? 'not measured' : `${Math.round(value)} MiB`;
}

/** A Markdown table that also reads well in a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length), 3),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Why a run does not hold up, in the words of its targets. */
export function doubtsOf(series: readonly Series[]): readonly string[] {
  return series.flatMap((each) => {
    const doubts: string[] = [];
    if (medianOf(each, 'generatorShare') > 0.9) doubts.push(`${each.name}: the generator may be what was measured`);
    if (medianOf(each, 'strangerShare') > 0.05) doubts.push(`${each.name}: others were using the server's core`);
    const busy = medianOf(each, 'serverShare') + medianOf(each, 'strangerShare');
    if (busy < 0.95) doubts.push(`${each.name}: the server's core was idle for a part of the time`);
    return doubts;
  });
}
