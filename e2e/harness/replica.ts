import { startProcess } from '../drivers/process.ts';
import { waitFor } from '../drivers/waiting.ts';
import { sharedCluster } from './case.ts';
import { logOf, sekishoEnvironment, sekishoProgram } from './sekisho-program.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** `sekisho serve` as the chart runs it: with settings, and a certificate of its own from the CA Secret. */
export interface Replica extends AsyncDisposable {
  /** Resolves once it listens, which it does not before there is a CA. */
  listening(withinMs: number): Promise<{ readonly port: number; readonly probeUrl: string }>;
  /** Resolves once /readyz is 200. */
  ready(withinMs: number): Promise<void>;
  output(): string;
}

export interface ReplicaOptions {
  readonly config: string;
  readonly kubeconfig: string;
  readonly policy: string;
}

export function startReplica({ config, kubeconfig, policy }: ReplicaOptions): Replica {
  const files = ['--config', config, '--kubeconfig', kubeconfig, '--policy', policy];
  const args = ['serve', '--host', '127.0.0.1', '--port', '0', '--probe-port', '0', ...files];
  const { folder } = sharedCluster();
  const process = startProcess(sekishoProgram, args, {
    env: sekishoEnvironment(folder),
    graceMs: 30_000,
  });
  const addresses = () => {
    const line = logOf(process).find(({ msg }) => msg === 'listening');
    if (line === undefined) return undefined;
    const { url, probeUrl } = line as { url: string; probeUrl: string };
    return { port: Number(new URL(url).port), probeUrl };
  };
  const listening: Replica['listening'] = (withinMs) =>
    waitFor(addresses, { withinMs, what: 'sekisho serve with a leaf', process });
  const replica: Replica = {
    listening,
    async ready(withinMs) {
      const { probeUrl } = await listening(withinMs);
      const ask = async (): Promise<true | undefined> =>
        (await fetch(`${probeUrl}/readyz`)).status === 200 ? true : undefined;
      await waitFor(ask, { withinMs, what: 'a ready replica', process, everyMs: 200 });
    },
    output: process.output,
    async [Symbol.asyncDispose]() {
      disposed(replica);
      process.signal('SIGKILL');
      await process.stop();
    },
  };
  watchUntilDisposed(replica);
  return replica;
}
