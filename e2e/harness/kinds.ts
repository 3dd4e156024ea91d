import { crdOf } from '../../scripts/crd.ts';
import { crdNameOf, kinds } from '../../src/core/policy/kinds.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { noteCreated } from '../drivers/leftovers.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

/** Installs the CRDs of our kinds and waits until they are served. Harmless where they are there. Prints what kubectl does. */
export async function installKinds(cluster: Cluster = sharedCluster()): Promise<string> {
  const names = kinds.map(crdNameOf);
  for (const name of names) await noteCreated(cluster, 'crd', name);
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: kinds.map(crdOf) });
  const applied = await kubectlOutput(['apply', '-f', '-'], { stdin, cluster });
  await kubectlOutput(['wait', '--for=condition=Established', '--timeout=60s', ...names.map((name) => `crd/${name}`)], {
    cluster,
  });
  return applied;
}
