import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Cluster } from '../drivers/cluster.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { helmProgram } from './helm-program.ts';

const checkout = join(import.meta.dirname, '..', '..');

/** The commands of the `sh` blocks below a heading of the README, one a line, in order. */
export async function commandsOfReadme(heading: string): Promise<readonly string[]> {
  const text = await readFile(join(checkout, 'README.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`README.md has no section ${heading}`);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
}

/** Runs a line as somebody would who sits in the checkout and has helm, kubectl and this cluster. */
export async function runLine(cluster: Cluster, line: string): Promise<Outcome> {
  const path = [dirname(await helmProgram()), dirname(cluster.kubectl), process.env['PATH']].join(delimiter);
  const env = {
    ...cluster.kubectlEnv,
    PATH: path,
    KUBECONFIG: cluster.access.administrator.kubeconfig,
    HOME: join(cluster.folder, 'helm'),
  };
  return runProgram('bash', ['-o', 'pipefail', '-c', line], { env, cwd: checkout, timeoutMs: 240_000 });
}
