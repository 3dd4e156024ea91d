import { randomBytes } from 'node:crypto';
import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Cluster, Driver } from './cluster.ts';
import { leaveDuty } from './duty.ts';
import { impersonated } from './impersonation.ts';

/** Somebody's running cluster: by `E2E_KUBECONFIG`. What the cases created is deleted at the end. */
export async function useKubeconfig(given: string, env: NodeJS.ProcessEnv): Promise<Driver> {
  const kubeconfig = resolve(given);
  await access(kubeconfig);
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'));
  const cluster: Cluster = {
    driver: 'kubeconfig',
    run: randomBytes(4).toString('hex'),
    folder,
    access: impersonated(kubeconfig),
    kubectl: env['E2E_KUBECTL'] ?? 'kubectl',
    kubectlEnv: env, // credential plugins of a cloud need their environment
    ...(env['E2E_WEBHOOK_ADDRESS'] === undefined ? {} : { webhookAddress: env['E2E_WEBHOOK_ADDRESS'] }),
  };
  const duty = leaveDuty({ cluster, folder }, env);
  return { cluster, [Symbol.asyncDispose]: () => duty[Symbol.asyncDispose]() };
}
