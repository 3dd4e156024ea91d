import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from './process.ts';
import { waitFor } from './waiting.ts';

export interface KubeApiserverOptions {
  readonly binary: string;
  readonly folder: string;
  readonly etcdUrl: string;
  readonly port: number;
  /** The administrator's token, to ask whether it is ready. */
  readonly token: string;
  /** The built-in PodSecurity admission is switched off. */
  readonly withoutPodSecurity?: boolean;
  /** With a node; without it: on loopback, and no pod ever runs. */
  readonly node?: {
    /** Puts a command line into the node's network. */
    readonly enter: readonly string[];
    readonly address: string;
  };
}

/** Files in the API server's folder, named once. */
export const apiServerFiles = {
  certificates: 'certificates',
  certificateAuthority: join('certificates', 'apiserver.crt'),
  tokens: 'tokens.csv',
  signingKey: 'service-account.key',
  verificationKey: 'service-account.pub',
  auditLog: 'audit.ndjson',
  kubeletClientCertificate: 'kubelet-client.crt',
  kubeletClientKey: 'kubelet-client.key',
} as const;

/** Starts kube-apiserver and waits until it is ready. */
export async function startKubeApiserver(options: KubeApiserverOptions): Promise<RunningProcess> {
  const { node, binary } = options;
  const process = startProcess([...(node?.enter ?? []), binary], kubeApiserverArguments(options), { env: {} });
  try {
    await waitFor(() => ready(options), { withinMs: 60_000, what: 'kube-apiserver', process });
  } catch (error) {
    await process.stop();
    throw error;
  }
  return process;
}

function kubeApiserverArguments({ folder, etcdUrl, port, node, withoutPodSecurity }: KubeApiserverOptions): string[] {
  const file = (name: keyof typeof apiServerFiles): string => join(folder, apiServerFiles[name]);
  const alone = [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none', // otherwise 1.37 refuses a loopback address
    `--disable-admission-plugins=ServiceAccount${withoutPodSecurity ? ',PodSecurity' : ''}`,
  ];
  const withNode = [
    '--bind-address=0.0.0.0',
    `--advertise-address=${node?.address}`,
    '--enable-admission-plugins=NodeRestriction',
    '--enable-aggregator-routing=true',
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-client-certificate=${file('kubeletClientCertificate')}`,
    `--kubelet-client-key=${file('kubeletClientKey')}`,
  ];
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    `--cert-dir=${file('certificates')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('verificationKey')}`,
    `--service-account-signing-key-file=${file('signingKey')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    `--token-auth-file=${file('tokens')}`,
    '--allow-privileged=true',
    `--audit-log-path=${file('auditLog')}`,
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
    ...(node === undefined ? alone : withNode),
  ];
}

/** Ready, and the namespace `default` exists, which comes a moment later. */
async function ready(options: KubeApiserverOptions): Promise<true | undefined> {
  const ca = await readFile(join(options.folder, apiServerFiles.certificateAuthority)).catch(() => undefined);
  if (ca === undefined) return undefined;
  for (const path of ['/readyz', '/api/v1/namespaces/default']) {
    if ((await statusOf(path, options, ca)) !== 200) return undefined;
  }
  return true;
}

function statusOf(path: string, { port, token, node }: KubeApiserverOptions, ca: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const host = node?.address ?? '127.0.0.1';
    const request = get({ host, port, path, ca, headers, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
