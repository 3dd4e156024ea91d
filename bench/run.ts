/** Measures Sekisho beside a bare server and Kubernetes' own webhook; see options.ts, and RESULTS.md for what comes out. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../e2e/drivers/program.ts';
import { type Listening, startBare } from './bare.ts';
import type { Evaluation } from './evaluation.ts';
import { figuresOf, type Measured, names } from './figures.ts';
import type { LoadOptions, Target } from './load.ts';
import { canPin, cores, leaveServerCore, onCore, residentMebibytes } from './machine.ts';
import { type Options, parseOptions } from './options.ts';
import { type PodSecurityWebhook, startPodSecurityWebhook } from './pod-security-webhook.ts';
import { formatProfile, profileOf } from './profile.ts';
import { doubtsOf, formatReport } from './report.ts';
import { reviewsOf } from './reviews.ts';
import { measureInTurn, type Series } from './rounds.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import {
  type Build,
  buildSekisho,
  checkout,
  type SekishoServer,
  startSekisho,
  withNodeFlags,
} from './sekisho-server.ts';
import { idleMemory, startTime } from './start-time.ts';

const options = parseOptions(process.argv.slice(2));

async function main(): Promise<void> {
  if (!canPin) say('taskset or a second core is missing: nothing is pinned, and the figures say little');
  leaveServerCore();
  await using scratch = await makeScratch();
  const build = await buildSekisho();
  say(`measuring ${build.name}`);
  const evaluation = await evaluate();
  const start = { build: await startTime(build, scratch), checkout: await startTime(checkout, scratch) };
  const idle = await idleMemory(build, scratch);
  const { series, loaded, skipped, targets } = await measureThroughput(build, scratch);
  const measured: Measured = { series, evaluation, start, memory: { idle, loaded } };
  const profiles = await explain(measured, targets, { build, scratch });
  const command = ['node bench/run.ts', ...process.argv.slice(2).map(withoutFolder)].join(' ');
  const text = formatReport(measured, {
    ...options,
    command,
    build: build.name,
    pinned: canPin,
    skipped,
    profiles,
  });
  await writeFile(options.out, text);
  process.stdout.write(text);
  for (const doubt of doubtsOf(series)) say(`doubtful: ${doubt}`);
  if (options.check) enforceFloors(measured, skipped);
}

/** Where this machine keeps its files is nobody's business. */
function withoutFolder(argument: string): string {
  return argument.includes('/') ? (argument.split('/').at(-1) ?? '') : argument;
}

async function evaluate(): Promise<Evaluation> {
  const [program = '', ...args] = onCore(cores.server, [process.execPath, join(import.meta.dirname, 'evaluation.ts')]);
  const { code, stdout, stderr } = await runProgram(program, args);
  if (code !== 0) throw new Error(`the evaluation failed: ${stderr}`);
  return JSON.parse(stdout) as Evaluation;
}

interface Throughput {
  readonly series: readonly Series[];
  readonly loaded: number | undefined;
  readonly skipped: string | undefined;
  readonly targets: readonly Target[];
}

async function measureThroughput(build: Build, scratch: Scratch): Promise<Throughput> {
  await using stack = new AsyncDisposableStack();
  const go = options.go ? await startPodSecurityWebhook(scratch) : { skipped: '--no-go' };
  if ('skipped' in go) say(`SKIPPED: Kubernetes' own webhook: ${go.skipped}`);
  else stack.use(go);
  const bare = await startBare(scratch);
  stack.use(bare.process);
  const sekisho = await startSekisho(build, scratch);
  stack.use(sekisho.process);
  await sekisho.process.whenReady(sekisho.readyUrl);
  const targets = targetsOf(bare, sekisho, 'skipped' in go ? undefined : go);
  const series = await measureInTurn(targets, options.rounds, loadOptions(scratch));
  const loaded = residentMebibytes(sekisho.process.pid);
  return { series, loaded, skipped: 'skipped' in go ? go.skipped : undefined, targets };
}

function loadOptions({ certificate }: Scratch): LoadOptions {
  const { connections, seconds }: Options = options;
  return { certificate, connections, seconds };
}

function targetsOf(bare: Listening, sekisho: SekishoServer, go: PodSecurityWebhook | undefined): readonly Target[] {
  const [compliant, denied] = [reviewsOf('compliant'), reviewsOf('denied')];
  const at = ({ process: { pid }, port }: Listening) => ({ pid, port });
  const allowed = { reviews: compliant, expectation: { allowed: true } };
  const explained = { allowed: false, message: /6 violations of .*These changes satisfy \d of 6/s };
  const refused = { allowed: false, message: /violates PodSecurity "restricted:latest"/ };
  return [
    { name: names.bare, ...at(bare), ...allowed },
    { name: names.compliant, ...at(sekisho), ...allowed },
    { name: names.denied, ...at(sekisho), reviews: denied, expectation: explained },
    ...(go === undefined
      ? []
      : [
          { name: names.goCompliant, ...at(go), ...allowed },
          { name: names.goDenied, ...at(go), reviews: denied, expectation: refused },
        ]),
  ];
}

interface Subject {
  readonly build: Build;
  readonly scratch: Scratch;
}

/** A profile of each of Sekisho's paths that misses an aim, or of both where it was asked for. */
async function explain(measured: Measured, targets: readonly Target[], { build, scratch }: Subject): Promise<string> {
  const missed = figuresOf(measured).filter(({ aimMet }) => aimMet === false);
  const paths = { [names.compliant]: 'compliant', [names.denied]: 'denied' } as Readonly<Record<string, string>>;
  const wanted = targets.filter(({ name }) => {
    const path = paths[name];
    return path !== undefined && (options.profile || missed.some((figure) => figure.name.startsWith(path)));
  });
  const [plain] = targets;
  if (wanted.length === 0 || plain === undefined) return '';
  const run = { ...loadOptions(scratch), scratch };
  say(`profiling ${plain.name}`);
  const bare = await profileOf(plain, (flags) => startBare(scratch, flags), run);
  const start = async (flags: readonly string[]) => {
    const server = await startSekisho(withNodeFlags(build, flags), scratch);
    await server.process.whenReady(server.readyUrl);
    return server;
  };
  const texts: string[] = [];
  for (const target of wanted) {
    say(`profiling ${target.name}`);
    texts.push(formatProfile(target.name, await profileOf(target, start, run), bare));
  }
  return texts.join('\n\n');
}

function enforceFloors(measured: Measured, skipped: string | undefined): void {
  const floors = figuresOf(measured).filter(({ floor }) => floor !== undefined);
  for (const { name, floor, reached } of floors.filter(({ floorMet }) => floorMet === false)) {
    process.exitCode = 1;
    say(`FAILED: ${name}: ${reached}, the floor is ${floor}`);
  }
  if (skipped !== undefined) say(`only what was measured was checked; SKIPPED: ${skipped}`);
  if (process.exitCode !== 1) say(`all floors that were measured are met`);
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  await main();
} catch (thrown) {
  process.exitCode = 1;
  say(thrown instanceof Error ? thrown.message : String(thrown));
}
