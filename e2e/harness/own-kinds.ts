import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import { kubectlOutput } from './kubectl.ts';

interface KindDefinition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Installs the CRDs as the chart renders them, and waits until the API server serves them. */
export async function installOwnKinds(cluster: Cluster): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'install.yaml'), 'utf8');
  const all = parseAllDocuments(text).map((document) => document.toJS() as KindDefinition | null);
  const items = all.filter((object) => object?.kind === 'CustomResourceDefinition');
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectlOutput(['create', '-f', '-'], { stdin, cluster });
  const names = items.map((item) => `crd/${item?.metadata.name}`);
  await kubectlOutput(['wait', '--for=condition=Established', '--timeout=30s', ...names], { cluster });
}
