import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiServerFiles } from '../kube-apiserver.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import type { Machine } from './machine.ts';
import { searchPath } from './requirements.ts';

export interface KubeletOptions {
  readonly binary: string;
  readonly folder: string;
  readonly kubeconfig: string;
  readonly containerdSocket: string;
}

/** The node's name, which is also in the name of the user `node`. */
export const nodeName = 'e2e';

/** Starts kubelet; the node is Ready some seconds later. */
export async function startKubelet(machine: Machine, options: KubeletOptions): Promise<RunningProcess> {
  const home = join(options.folder, 'kubelet');
  await mkdir(home);
  const config = join(home, 'config.yaml');
  const resolvConf = join(home, 'resolv.conf');
  await writeFile(resolvConf, ''); // no DNS: a lookup fails at once instead of after a timeout
  await writeFile(config, JSON.stringify(configuration(machine, options, { home, resolvConf })));
  const args = [
    `--config=${config}`,
    `--kubeconfig=${options.kubeconfig}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${machine.address}`,
    `--root-dir=${join(home, 'root')}`,
    `--cert-dir=${join(home, 'certificates')}`,
  ];
  return startProcess([...machine.enter, options.binary], args, { env: { PATH: searchPath } });
}

interface KubeletFiles {
  readonly home: string;
  readonly resolvConf: string;
}

function configuration(machine: Machine, options: KubeletOptions, { home, resolvConf }: KubeletFiles): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Every user of this machine can reach its port, and it can run anything as root.
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(options.folder, apiServerFiles.kubeletClientCertificate) },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${options.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${machine.name}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // A developer's disk may be as full as it likes.
    evictionHard: { 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100,
    resolvConf,
    podLogsDir: join(home, 'logs'),
    volumePluginDir: join(home, 'plugins'),
  };
}
