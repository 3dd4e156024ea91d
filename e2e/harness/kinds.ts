import { crdOf } from '../../scripts/crd.ts';
import { crdNameOf, kinds } from '../../src/core/policy/kinds.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { noteCreated } from '../drivers/leftovers.ts';
import { waitFor } from '../drivers/waiting.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

/** Installs the CRDs of our kinds and waits until they are served. Harmless where they are there. Prints what kubectl does. */
export async function installKinds(cluster: Cluster = sharedCluster()): Promise<string> {
  const names = kinds.map(crdNameOf);
  for (const name of names) await noteCreated(cluster, 'crd', name);
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: kinds.map(crdOf) });
  const applied = await kubectlOutput(['apply', '-f', '-'], { stdin, cluster });
  // Not `kubectl wait`: it fails where it looks before the API server has said anything of a new kind.
  const path = `jsonpath={.items[*].status.conditions[?(@.type=='Established')].status}`;
  const established = async () => {
    const states = (await kubectlOutput(['get', 'crd', ...names, '-o', path], { cluster })).trim().split(' ');
    return states.filter((state) => state === 'True').length === names.length || undefined;
  };
  await waitFor(established, {
    withinMs: 60_000,
    what: 'the kinds to be served',
    everyMs: 100,
  });
  return applied;
}
