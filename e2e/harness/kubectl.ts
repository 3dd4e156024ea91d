import type { Cluster, User } from '../drivers/cluster.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { sharedCluster } from './case.ts';

export interface KubectlOptions {
  readonly stdin?: string;
  /** Default: the administrator. */
  readonly user?: User;
  /** Default: the API server of this run. */
  readonly cluster?: Cluster;
  readonly timeoutMs?: number;
}

/** Runs kubectl as a user, with a HOME and KUBECONFIG of its own. Never throws for its exit code. */
export function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<Outcome> {
  const { stdin = '', user = 'administrator', cluster = sharedCluster(), timeoutMs = 60_000 } = options;
  const { kubeconfig, flags } = cluster.access[user];
  const env = { ...cluster.kubectlEnv, KUBECONFIG: kubeconfig };
  return runProgram(cluster.kubectl, [...flags, ...args], { env, stdin, timeoutMs });
}

/** For steps that are not what the case is about: what kubectl printed, or an error that says what it refused. */
export async function kubectlOutput(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return stdout;
}
