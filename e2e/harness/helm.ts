import { join } from 'node:path';
import type { Cluster, User } from '../drivers/cluster.ts';
import { goTools } from '../drivers/go-tools.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';

export interface HelmOptions {
  readonly stdin?: string;
  /** Default: the administrator. */
  readonly user?: User;
  readonly timeoutMs?: number;
}

/** Runs the real helm as a user, with folders of its own. Never throws for its exit code. */
export async function helm(cluster: Cluster, args: readonly string[], options: HelmOptions = {}): Promise<Outcome> {
  const { stdin = '', user = 'administrator', timeoutMs = 120_000 } = options;
  const { kubeconfig, flags } = cluster.access[user];
  const home = join(cluster.folder, 'helm');
  const env = {
    ...cluster.kubectlEnv,
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
  };
  const program = join(await goTools('helm'), 'helm');
  return runProgram(program, [...args, ...flags.map(asHelmFlag)], { env, stdin, timeoutMs });
}

/** For steps that are not what the case is about: what helm printed, or an error that says what went wrong. */
export async function helmOutput(
  cluster: Cluster,
  args: readonly string[],
  options: HelmOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await helm(cluster, args, options);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** Where kubectl says `--as-group`, helm says `--kube-as-group`. */
function asHelmFlag(flag: string): string {
  return flag.replace(/^--as/, '--kube-as');
}
