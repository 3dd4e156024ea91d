import type { Cluster } from '../cluster.ts';
import type { RunningProcess } from '../process.ts';
import { runProgram } from '../program.ts';
import { waitFor } from '../waiting.ts';

/** Waits until the node takes pods: it is Ready, its taint is gone, and namespace `default` has its service account. */
export async function whenNodeReady(cluster: Cluster, name: string, kubelet: RunningProcess): Promise<void> {
  const get = async (...args: string[]): Promise<string> => {
    const env = { ...cluster.kubectlEnv, KUBECONFIG: cluster.access.administrator.kubeconfig };
    return (await runProgram(cluster.kubectl, ['get', ...args], { env })).stdout;
  };
  const ready = async (): Promise<true | undefined> => {
    const what = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}';
    if ((await get('node', name, '-o', what)) !== 'True') return undefined;
    return (await get('serviceaccount', 'default', '-o', 'name')) === '' ? undefined : true;
  };
  await waitFor(ready, { withinMs: 60_000, what: 'a node that is Ready', process: kubelet, everyMs: 250 });
}
