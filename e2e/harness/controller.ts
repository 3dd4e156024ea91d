import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startProcess } from '../drivers/process.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';
import { type LogLine, logOf, sekishoEnvironment, sekishoProgram } from './sekisho-program.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

const environment = () => sekishoEnvironment(sharedCluster().folder);

/** Where a controller finds its settings and its cluster. */
export interface ControllerFiles {
  readonly config: string;
  readonly kubeconfig: string;
}

/** Where it runs. */
export interface ControllerPlace extends ControllerFiles {
  /** Put before its command line, this runs it in a network of its own. */
  readonly enter?: readonly string[];
}

export interface Controller extends AsyncDisposable {
  readonly probeUrl: string;
  log(): readonly LogLine[];
  /** Waits for a line of its log. */
  logged(message: string, withinMs?: number): Promise<LogLine>;
  metrics(): Promise<string>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** `sekisho controller` from this checkout, up to the line that says where it listens. */
export async function startController({ config, kubeconfig, enter = [] }: ControllerPlace): Promise<Controller> {
  const flags = ['--config', config, '--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--probe-port', '0'];
  const process = startProcess([...enter, sekishoProgram], ['controller', ...flags], {
    env: environment(),
    graceMs: 20_000,
  });
  const log = (): readonly LogLine[] => logOf(process);
  const logged = (message: string, withinMs = 30_000) =>
    waitFor(async () => log().find(({ msg }) => msg === message), { withinMs, what: `log line ${message}`, process });
  const { probeUrl } = (await logged('listening')) as { probeUrl: string };
  const stop = async (): Promise<void> => {
    disposed(controller);
    await process.stop();
  };
  const controller: Controller = {
    probeUrl,
    log,
    logged,
    metrics: async () => (await fetch(`${probeUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })).text(),
    signal: process.signal,
    exited: process.exited,
    [Symbol.asyncDispose]: stop,
  };
  watchUntilDisposed(controller);
  return controller;
}

/** `sekisho controller --canaries` or `--cleanup`, to its end. */
export function runErrand(errand: '--canaries' | '--cleanup', files: ControllerFiles): Promise<Outcome> {
  const flags = ['--config', files.config, '--kubeconfig', files.kubeconfig, errand];
  return runProgram(sekishoProgram, ['controller', ...flags], { env: environment(), stdin: '', timeoutMs: 90_000 });
}

/** A kubeconfig for a service account, by a token as a pod would have. */
export async function kubeconfigOf(account: string, namespace: string, cluster = sharedCluster()): Promise<string> {
  const token = (await kubectlOutput(['-n', namespace, 'create', 'token', account], { cluster })).trim();
  const content = parse(await readFile(cluster.access.administrator.kubeconfig, 'utf8')) as { users: object[] };
  const users = content.users.map((user) => ({ ...user, user: { token } }));
  const file = join(cluster.folder, `${namespace}-${account}.kubeconfig`);
  await writeFile(file, JSON.stringify({ ...content, users }), { mode: 0o600 });
  return file;
}
