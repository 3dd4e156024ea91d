import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../process.ts';
import { nodeName } from './kubelet.ts';
import type { Machine } from './machine.ts';
import { searchPath } from './requirements.ts';

export interface KubeProxyOptions {
  readonly binary: string;
  readonly folder: string;
  readonly kubeconfig: string;
}

/** Services, by nftables in the node's network namespace. */
export async function startKubeProxy(machine: Machine, options: KubeProxyOptions): Promise<RunningProcess> {
  const config = join(options.folder, 'kube-proxy.yaml');
  const content = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: options.kubeconfig },
    hostnameOverride: nodeName,
    clusterCIDR: machine.podSubnet,
    conntrack: { maxPerCore: 0, min: 0 }, // the machine's own limit is not ours to change
  };
  await writeFile(config, JSON.stringify(content));
  return startProcess([...machine.enterNetwork, options.binary, `--config=${config}`], [], {
    env: { PATH: searchPath },
  });
}
