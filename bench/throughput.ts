import { join } from 'node:path';
import { runProgram } from '../e2e/drivers/program.ts';
import { type Listening, startBare } from './bare.ts';
import type { Evaluation } from './evaluation.ts';
import { figuresOf, type Measured, names } from './figures.ts';
import type { LoadOptions, Target } from './load.ts';
import { canPin, cores, onCore, residentMebibytes } from './machine.ts';
import type { Options } from './options.ts';
import type { Part, Setting } from './part.ts';
import { type PodSecurityWebhook, startPodSecurityWebhook } from './pod-security-webhook.ts';
import { formatProfile, profileOf } from './profile.ts';
import { doubtsOf, formatReport } from './report.ts';
import { reviewsOf } from './reviews.ts';
import { measureInTurn, type Series } from './rounds.ts';
import type { Scratch } from './scratch.ts';
import { type Build, checkout, type SekishoServer, startSekisho, withNodeFlags } from './sekisho-server.ts';
import { idleMemory, startTime } from './start-time.ts';

/** Sekisho beside a bare server and Kubernetes' own webhook: how many reviews a core answers, and where the time goes. */
export async function measureThroughput({ options, build, scratch, command }: Setting): Promise<Part> {
  const evaluation = await evaluate();
  const start = { build: await startTime(build, scratch), checkout: await startTime(checkout, scratch) };
  const idle = await idleMemory(build, scratch);
  const { series, loaded, skipped, targets } = await measureTargets({ options, build, scratch });
  const measured: Measured = { series, evaluation, start, memory: { idle, loaded } };
  const profiles = await explain(measured, targets, { options, build, scratch });
  const text = formatReport(measured, { ...options, command, build: build.name, pinned: canPin, skipped, profiles });
  for (const doubt of doubtsOf(series)) say(`doubtful: ${doubt}`);
  if (skipped !== undefined) say(`only what was measured is checked; SKIPPED: ${skipped}`);
  return { title: 'Results', text, figures: figuresOf(measured) };
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

async function measureTargets({ options, build, scratch }: Subject): Promise<Throughput> {
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
  const series = await measureInTurn(targets, options.rounds, loadOptions(options, scratch));
  const loaded = residentMebibytes(sekisho.process.pid);
  return { series, loaded, skipped: 'skipped' in go ? go.skipped : undefined, targets };
}

export function loadOptions({ connections, seconds }: Options, { certificate }: Scratch): LoadOptions {
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
  readonly options: Options;
  readonly build: Build;
  readonly scratch: Scratch;
}

/** A profile of each of Sekisho's paths that misses an aim, or of both where it was asked for. */
async function explain(measured: Measured, targets: readonly Target[], subject: Subject): Promise<string> {
  const { options, build, scratch } = subject;
  const missed = figuresOf(measured).filter(({ aimMet }) => aimMet === false);
  const paths = { [names.compliant]: 'compliant', [names.denied]: 'denied' } as Readonly<Record<string, string>>;
  const wanted = targets.filter(({ name }) => {
    const path = paths[name];
    return path !== undefined && (options.profile || missed.some((figure) => figure.name.startsWith(path)));
  });
  const [plain] = targets;
  if (wanted.length === 0 || plain === undefined) return '';
  const run = { ...loadOptions(options, scratch), scratch };
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

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
