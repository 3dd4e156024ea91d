import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Driver } from './cluster.ts';
import { leaveDuty } from './duty.ts';
import { impersonated } from './impersonation.ts';
import { runProgram } from './program.ts';

export type ContainerEngine = 'docker' | 'podman';

/** The engine that kind would use, if kind is installed and the engine answers. */
export async function kindEngine(): Promise<ContainerEngine | undefined> {
  if ((await runProgram('kind', ['version'])).code !== 0) return undefined;
  for (const engine of ['docker', 'podman'] as const) {
    if ((await runProgram(engine, ['info'], { timeoutMs: 10_000 })).code === 0) return engine;
  }
  return undefined;
}

/** A kind cluster of its own, deleted at the end. It has no audit log; its webhook is reached by the network's gateway. */
export async function startKind(engine: ContainerEngine, ambient: NodeJS.ProcessEnv): Promise<Driver> {
  const run = randomBytes(4).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const flags = ['--name', `sekisho-e2e-${run}`, '--kubeconfig', kubeconfig];
  const env = { ...ambient, KIND_EXPERIMENTAL_PROVIDER: engine };
  const duty = leaveDuty({ command: ['kind', 'delete', 'cluster', ...flags], folder }, env);
  try {
    const args = ['create', 'cluster', ...flags, '--wait', '120s'];
    const created = await runProgram('kind', args, { env, timeoutMs: 600_000 });
    if (created.code !== 0) throw new Error(`kind create cluster failed:\n${created.stderr}`);
    const cluster: Cluster = {
      driver: 'kind',
      run,
      folder,
      access: impersonated(kubeconfig),
      kubectl: ambient['E2E_KUBECTL'] ?? 'kubectl',
      kubectlEnv: { PATH: ambient['PATH'], HOME: folder },
      webhookAddress: await gatewayOf(engine),
    };
    return { cluster, [Symbol.asyncDispose]: () => duty[Symbol.asyncDispose]() };
  } catch (error) {
    await duty[Symbol.asyncDispose]();
    throw error;
  }
}

/** The address of this machine on the nodes' network. Docker and Podman print different JSON; both name the gateway. */
async function gatewayOf(engine: ContainerEngine): Promise<string> {
  const { stdout } = await runProgram(engine, ['network', 'inspect', 'kind']);
  const gateways = [...stdout.matchAll(/"gateway":\s*"([^"]+)"/gi)].map(([, address = '']) => address);
  const gateway = gateways.find((address) => isIPv4(address));
  if (gateway === undefined) throw new Error(`${engine} network inspect kind names no IPv4 gateway`);
  return gateway;
}
