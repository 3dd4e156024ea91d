import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { runProgram } from './program.ts';

const ledger = (cluster: Cluster): string => join(cluster.folder, 'created.ndjson');

/** Notes an object before it is created, so that a cluster that outlives the run can be cleaned up whatever happens. */
export async function noteCreated(cluster: Cluster, kind: string, name: string): Promise<void> {
  await appendFile(ledger(cluster), `${JSON.stringify([kind, name])}\n`);
}

/** Deletes what was noted, last first: webhook configurations before their namespaces' objects are touched. */
export async function removeLeftovers(cluster: Cluster): Promise<void> {
  const text = await readFile(ledger(cluster), 'utf8').catch(() => '');
  const noted = text.split('\n').filter(Boolean).reverse();
  const objects = noted.map((line) => JSON.parse(line) as [string, string]);
  const configurations = objects.filter(([kind]) => kind === 'validatingwebhookconfiguration');
  const others = objects.filter(([kind]) => kind !== 'validatingwebhookconfiguration');
  for (const [kind, name] of [...configurations, ...others]) {
    const { kubeconfig, flags } = cluster.access.administrator;
    const args = [...flags, 'delete', kind, name, '--ignore-not-found', '--wait=false'];
    await runProgram(cluster.kubectl, args, { env: { ...cluster.kubectlEnv, KUBECONFIG: kubeconfig } });
  }
}
