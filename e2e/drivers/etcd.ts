import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { waitFor } from './waiting.ts';

export interface Etcd {
  readonly url: string;
  readonly process: RunningProcess;
}

/** etcd on loopback, without fsync. The folder goes when etcd goes. */
export async function startEtcd(binary: string, folder: string): Promise<Etcd> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--heartbeat-interval=10', // alone, it need not wait long for other candidates
    '--election-timeout=100',
    '--log-level=warn',
  ];
  const process = startProcess(binary, args, { env: {}, removeFolder: folder });
  try {
    await waitFor(() => healthy(url), { withinMs: 20_000, what: 'etcd', process });
  } catch (error) {
    await process.stop();
    throw error;
  }
  return { url, process };
}

async function healthy(url: string): Promise<true | undefined> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok === true ? true : undefined;
}
