import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startLocalApiServer } from '../e2e/drivers/choose.ts';
import type { Cluster } from '../e2e/drivers/cluster.ts';
import { freePort } from '../e2e/drivers/free-port.ts';
import { GoMissing, goTools } from '../e2e/drivers/go-tools.ts';
import { runProgram } from '../e2e/drivers/program.ts';
import { namespace } from './reviews.ts';
import type { Scratch } from './scratch.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** As in upstream's webhook/manifests/20-configmap.yaml: the namespace's labels decide. */
const configuration = {
  apiVersion: 'pod-security.admission.config.k8s.io/v1beta1',
  kind: 'PodSecurityConfiguration',
  defaults: {
    enforce: 'privileged',
    'enforce-version': 'latest',
    audit: 'privileged',
    'audit-version': 'latest',
    warn: 'privileged',
    'warn-version': 'latest',
  },
  exemptions: { usernames: [], runtimeClasses: [], namespaces: [] },
};

export interface PodSecurityWebhook extends AsyncDisposable {
  readonly process: ServerProcess;
  readonly port: number;
}

export interface Skipped {
  readonly skipped: string;
}

/** Kubernetes' own webhook, and the API server from which it learns the namespace's labels. */
export async function startPodSecurityWebhook(scratch: Scratch): Promise<PodSecurityWebhook | Skipped> {
  await using stack = new AsyncDisposableStack();
  try {
    const binary = join(await goTools('pod-security-webhook'), 'pod-security-webhook');
    const driver = await startLocalApiServer(process.env);
    if ('missing' in driver) return { skipped: driver.missing };
    stack.use(driver);
    await labelNamespace(driver.cluster);
    const started = await start(binary, driver.cluster, scratch);
    stack.use(started.process);
    const end = stack.move();
    return { ...started, [Symbol.asyncDispose]: () => end.disposeAsync() };
  } catch (thrown) {
    if (thrown instanceof GoMissing) return { skipped: 'Go is not on the PATH, so it cannot be built' };
    // Building and starting it needs a Go module proxy and a lot of memory; what we do not have is no fault of Sekisho's.
    return { skipped: firstLine(thrown) };
  }
}

function firstLine(thrown: unknown): string {
  return String(thrown instanceof Error ? thrown.message : thrown).split('\n', 1)[0] ?? '';
}

async function labelNamespace(cluster: Cluster): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  const { kubeconfig } = cluster.access.administrator;
  const args = ['--kubeconfig', kubeconfig, 'create', '-f', '-'];
  const { code, stderr } = await runProgram(cluster.kubectl, args, {
    env: cluster.kubectlEnv,
    stdin: JSON.stringify(object),
  });
  if (code !== 0) throw new Error(`kubectl cannot create the namespace: ${stderr}`);
}

async function start(binary: string, cluster: Cluster, { folder, cert, key }: Scratch) {
  const config = join(folder, 'pod-security.json');
  await writeFile(config, JSON.stringify(configuration));
  const port = await freePort();
  const command = [
    binary,
    `--config=${config}`,
    `--kubeconfig=${cluster.access.administrator.kubeconfig}`,
    `--tls-cert-file=${cert}`,
    `--tls-private-key-file=${key}`,
    '--tls-min-version=VersionTLS13',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
  ];
  const process = startServer(command, { GOMAXPROCS: '1' });
  try {
    await process.whenReady(`https://127.0.0.1:${port}/readyz`);
    return { process, port };
  } catch (thrown) {
    await process.stop();
    throw thrown;
  }
}
