import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Cluster } from '../drivers/cluster.ts';
import { type RunningProcess, startProcess } from '../drivers/process.ts';
import { waitFor } from '../drivers/waiting.ts';
import { sharedCluster } from './case.ts';
import { whenInForce } from './in-force.ts';
import { type LogLine, logOf, sekishoEnvironment, sekishoProgram } from './sekisho-program.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';
import { registerWebhook } from './webhook-configuration.ts';

export interface SekishoOptions {
  /** More arguments for `sekisho serve`. */
  readonly args?: readonly string[];
  readonly policyFiles?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `false`: only start it; the case registers it, by `registerWebhook` or itself. */
  readonly register?: boolean;
  readonly cluster?: Cluster;
}

export interface Sekisho extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`, as it reported. */
  readonly url: string;
  /** Health and metrics, plain HTTP. */
  readonly probeUrl: string;
  /** Where it wrote ca.crt and webhook-configuration.yaml. */
  readonly dir: string;
  log(): readonly LogLine[];
  /** SIGSTOP makes it hang, SIGCONT wakes it, SIGKILL kills it. */
  signal(name: NodeJS.Signals): void;
  /** Removes its webhook configuration, then ends it. */
  stop(): Promise<void>;
}

/** Starts `sekisho serve --dev` from this checkout, registers it with the API server and waits until that asks it. */
export async function startSekisho(options: SekishoOptions = {}): Promise<Sekisho> {
  const { register = true, cluster = sharedCluster() } = options;
  const dir = await mkdtemp(join(cluster.folder, 'sekisho-'));
  const process = launch(dir, cluster, options);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  undo.use(process);
  const { url, probeUrl } = await waitFor(() => whenReady(dir, process), {
    withinMs: 30_000,
    what: 'sekisho serve',
    process,
  });
  if (register) {
    undo.use(await registerWebhook(await readFile(join(dir, 'webhook-configuration.yaml'), 'utf8'), cluster));
    await whenInForce(cluster, () => wasAsked(probeUrl));
  }
  const end = undo.move();
  watchUntilDisposed(end);
  end.defer(() => disposed(end));
  const stop = (): Promise<void> => end.disposeAsync();
  return { url, probeUrl, dir, log: () => logOf(process), signal: process.signal, stop, [Symbol.asyncDispose]: stop };
}

function launch(
  dir: string,
  cluster: Cluster,
  { args = [], policyFiles = [], env = {} }: SekishoOptions,
): RunningProcess {
  const address = cluster.webhookAddress ?? '127.0.0.1';
  const flags = ['--dev', '--dir', dir, '--port', '0', '--probe-port', '0'];
  const reachable = address === '127.0.0.1' ? [] : ['--host', address];
  const policies = policyFiles.flatMap((file) => ['--policy', resolve(file)]);
  return startProcess(sekishoProgram, ['serve', ...flags, ...reachable, ...policies, ...args], {
    env: { ...sekishoEnvironment(dir), ...env },
    graceMs: 20_000, // it drains for a while by design
  });
}

interface Listening {
  readonly url: string;
  readonly probeUrl: string;
}

async function whenReady(dir: string, process: RunningProcess): Promise<Listening | undefined> {
  const listening = logOf(process).find(({ msg }) => msg === 'listening');
  if (listening === undefined || !existsSync(join(dir, 'webhook-configuration.yaml'))) return undefined;
  const url = String(listening['url']);
  const probeUrl = String(listening['probeUrl']);
  const response = await fetch(new URL('/readyz', probeUrl), { signal: AbortSignal.timeout(1_000) }).catch(() => null);
  await response?.body?.cancel();
  return response?.status === 200 ? { url, probeUrl } : undefined;
}

async function wasAsked(probeUrl: string): Promise<boolean> {
  const response = await fetch(new URL('/metrics', probeUrl), { signal: AbortSignal.timeout(5_000) });
  return (await response.text()).includes('\nsekisho_admission_requests_total{');
}
