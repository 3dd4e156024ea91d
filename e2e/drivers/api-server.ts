import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServerBinaries, type Cluster, type Driver, identities } from './cluster.ts';
import { writeCredentials } from './credentials.ts';
import { describeCluster } from './describe-cluster.ts';
import { startEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import { type KubeApiserverOptions, startKubeApiserver } from './kube-apiserver.ts';

/** How it runs until it is restarted. */
export type FirstStart = Pick<KubeApiserverOptions, 'withoutPodSecurity'>;

/** A real API server and its etcd, on loopback, in a folder that goes with them. No pod ever runs. */
export async function startApiServer(
  binaries: ApiServerBinaries,
  driver: Cluster['driver'],
  first: FirstStart = {},
): Promise<Driver> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binaries, driver, first);
    } catch (error) {
      // Between choosing a free port and using it, somebody else may have taken it.
      if (attempt === 3 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnce(binaries: ApiServerBinaries, driver: Cluster['driver'], first: FirstStart): Promise<Driver> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'));
  const tokens = await writeCredentials(folder, identities);
  const etcd = await startEtcd({ binary: binaries.etcd, folder });
  try {
    const port = await freePort();
    const token = tokens.administrator;
    const options: KubeApiserverOptions = { binary: binaries.kubeApiserver, folder, etcdUrl: etcd.url, port, token };
    let process = await startKubeApiserver({ ...options, ...first });
    return {
      cluster: await describeCluster({ binaries, driver, folder, tokens, address: `127.0.0.1:${port}` }),
      restart: async () => {
        await process.stop();
        process = await startKubeApiserver(options);
      },
      [Symbol.asyncDispose]: async () => {
        await process.stop();
        await etcd.process.stop();
      },
    };
  } catch (error) {
    await etcd.process.stop();
    throw error;
  }
}
