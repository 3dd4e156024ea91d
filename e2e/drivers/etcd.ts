import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { runProgram } from './program.ts';
import { waitFor } from './waiting.ts';

export interface Etcd {
  readonly url: string;
  readonly process: RunningProcess;
}

export interface EtcdOptions {
  readonly binary: string;
  readonly folder: string;
  /** Puts a command line into the network namespace whose loopback it is; whoever made that removes the folder. */
  readonly enter?: readonly string[];
}

/** etcd on loopback, without fsync. The folder goes when etcd goes. */
export async function startEtcd({ binary, folder, enter }: EtcdOptions): Promise<Etcd> {
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
  const ending = enter === undefined ? { removeFolder: folder } : {};
  const process = startProcess([...(enter ?? []), binary], args, { env: {}, ...ending });
  try {
    await waitFor(() => (enter === undefined ? healthy(url) : healthyInside(url, enter)), {
      withinMs: 20_000,
      what: 'etcd',
      process,
    });
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

/** The other network's loopback can only be asked from there. */
async function healthyInside(url: string, [program = '', ...enter]: readonly string[]): Promise<true | undefined> {
  const ask = `process.exitCode = (await fetch('${url}/health')).ok ? 0 : 1`;
  const { code } = await runProgram(program, [...enter, process.execPath, '--input-type=module', '-e', ask]);
  return code === 0 ? true : undefined;
}
