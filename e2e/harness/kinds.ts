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
  // Neither `kubectl wait` nor a JSONPath filter: both fail where they look before the API server has said anything of a
  // new kind, and its conditions are null.
  const established = async () => {
    const list = await kubectlOutput(['get', 'crd', ...names, '-o', 'json'], { cluster });
    return (JSON.parse(list) as { readonly items: readonly Crd[] }).items.every(isEstablished) || undefined;
  };
  await waitFor(established, {
    withinMs: 60_000,
    what: 'the kinds to be served',
    everyMs: 100,
  });
  return applied;
}

interface Crd {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null };
}

function isEstablished({ status }: Crd): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false
  );
}
