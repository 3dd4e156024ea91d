import { randomBytes } from 'node:crypto';
import type { Cluster } from '../drivers/cluster.ts';
import { noteCreated } from '../drivers/leftovers.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

export interface NamespaceOptions {
  /** Default: `e2e-` and something random. */
  readonly name?: string;
  readonly cluster?: Cluster;
}

/** Creates a namespace for one case. It goes with the cluster; on somebody's cluster it is deleted at the end of the run. */
export async function createNamespace(
  labels: Readonly<Record<string, string>> = {},
  { name = `e2e-${randomBytes(4).toString('hex')}`, cluster = sharedCluster() }: NamespaceOptions = {},
): Promise<string> {
  await noteCreated(cluster, 'namespace', name);
  const metadata = { name, labels: { ...labels, 'e2e.sekisho.dev/run': cluster.run } };
  const namespace = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata });
  await kubectlOutput(['create', '-f', '-'], { stdin: namespace, cluster });
  return name;
}
