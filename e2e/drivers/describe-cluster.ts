import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Access, ApiServerBinaries, Cluster, User } from './cluster.ts';
import { writeKubeconfig } from './credentials.ts';
import { apiServerFiles } from './kube-apiserver.ts';

interface StartedApiServer {
  readonly binaries: ApiServerBinaries;
  readonly driver: Cluster['driver'];
  readonly folder: string;
  /** Host and port. */
  readonly address: string;
  readonly tokens: Readonly<Record<User, string>>;
  /** Default: loopback. */
  readonly webhookAddress?: string;
}

/** What cases need to know of an API server that was started here. */
export async function describeCluster(started: StartedApiServer): Promise<Cluster> {
  const { binaries, driver, folder, address, tokens, webhookAddress = '127.0.0.1' } = started;
  const access = async (user: User): Promise<Access> => {
    return { kubeconfig: await writeKubeconfig({ folder, address, user, token: tokens[user] }), flags: [] };
  };
  return {
    driver,
    run: randomBytes(4).toString('hex'),
    folder,
    access: {
      administrator: await access('administrator'),
      tenant: await access('tenant'),
      node: await access('node'),
    },
    kubectl: binaries.kubectl,
    kubectlEnv: { HOME: join(folder, 'home') },
    webhookAddress,
    auditLog: join(folder, apiServerFiles.auditLog),
    binaries,
  };
}
