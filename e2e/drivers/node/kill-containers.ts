import type { Cluster } from '../cluster.ts';
import { runProgram } from '../program.ts';
import { processesOf } from './cgroups.ts';

interface PodList {
  readonly items: readonly {
    readonly status: { readonly containerStatuses?: readonly { readonly containerID?: string }[] };
  }[];
}

/** Which containers: those of the pods that a label selector finds. */
export interface PodSelection {
  readonly namespace: string;
  readonly labelSelector: string;
}

/** SIGKILL to every process of the pods' containers, as the kernel would when memory runs out. Returns how many. */
export async function killContainers(
  cluster: Cluster,
  cgroup: string,
  { namespace, labelSelector }: PodSelection,
): Promise<number> {
  const { kubeconfig, flags } = cluster.access.administrator;
  const args = [...flags, '-n', namespace, 'get', 'pods', '-l', labelSelector, '-o', 'json'];
  const env = { ...cluster.kubectlEnv, KUBECONFIG: kubeconfig };
  const { code, stdout, stderr } = await runProgram(cluster.kubectl, args, { env });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}`);
  const statuses = (JSON.parse(stdout) as PodList).items.flatMap(({ status }) => status.containerStatuses ?? []);
  const ids = statuses.flatMap(({ containerID }) => containerID?.split('://').slice(1) ?? []);
  // The group of a container is named by its id; the sandbox, which holds the pod's address, is none of these.
  const processes = (await Promise.all(ids.map((id) => processesOf(cgroup, id)))).flat();
  let killed = 0;
  for (const pid of processes) {
    try {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // It has just ended, perhaps because we killed the first process of its container.
    }
  }
  return killed;
}
