import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import type { ApiClient } from './api-client.ts';
import { kubectlOutput } from './kubectl.ts';
import { createNamespace } from './namespace.ts';
import { waitUntilJudged, waitUntilPodsAllowed } from './pod-requests.ts';
import { startSekisho } from './sekisho.ts';
import { registerWebhook } from './webhook-configuration.ts';

/** The part of a PodPolicy that makes the twins. */
export interface TwinPolicy {
  readonly spec: {
    readonly match: { readonly namespaces: { readonly include: readonly string[] } };
    readonly podSecurity: { readonly level: string; readonly version: string };
  };
}

/** Two namespaces in which the same pods should be allowed: one judged by the API server itself, one by Sekisho. */
export interface Twins {
  readonly level: string;
  readonly version: string;
  /** Will carry the built-in labels; no policy names it, and the webhook is not asked about it. */
  readonly labelled: string;
  /** Named by the policy; carries no label of the Pod Security Standards. */
  readonly named: string;
}

/** Where the policies are, and the API server that is to ask about them. */
export interface TwinSetting {
  readonly policies: readonly TwinPolicy[];
  readonly policyFile: string;
  readonly client: ApiClient;
  readonly cluster: Cluster;
}

/** A pair for each policy; nobody judges there until `judgeTwins`. The names fit the policies' patterns. */
export function createTwins(setting: TwinSetting, name: string): Promise<Twins[]> {
  const { policies, client, cluster } = setting;
  return Promise.all(
    policies.map(async ({ spec }) => {
      const [pattern = ''] = spec.match.namespaces.include;
      const named = pattern.replace('*', `${name}-${cluster.run}`);
      const labelled = `${named}-labelled`;
      for (const namespace of [named, labelled]) {
        await createNamespace({}, { name: namespace, cluster });
        await waitUntilPodsAllowed({ namespace, client });
      }
      return { level: spec.podSecurity.level, version: spec.podSecurity.version, labelled, named };
    }),
  );
}

/** Labels the one half and starts Sekisho for the other, until disposed. */
export async function judgeTwins(twins: readonly Twins[], setting: TwinSetting): Promise<AsyncDisposable> {
  const { policyFile, client, cluster } = setting;
  await using undo = new AsyncDisposableStack();
  const sekisho = undo.use(await startSekisho({ cluster, policyFiles: [policyFile], register: false }));
  const configuration = await readFile(join(sekisho.dir, 'webhook-configuration.yaml'), 'utf8');
  undo.use(await registerWebhook(narrowedTo(twins, configuration), cluster));
  for (const { level, version, labelled, named } of twins) {
    const label = 'pod-security.kubernetes.io/enforce';
    const labels = [`${label}=${level}`, `${label}-version=${version}`];
    await kubectlOutput(['label', 'namespace', labelled, ...labels], { cluster });
    await waitUntilJudged('labels', { namespace: labelled, client });
    await waitUntilJudged('sekisho', { namespace: named, client });
  }
  return undo.move();
}

/** The API server asks Sekisho about the named halves and nothing else. */
function narrowedTo(twins: readonly Twins[], text: string): string {
  const configuration = parse(text) as { readonly webhooks: readonly object[] };
  const values = twins.map(({ named }) => named);
  const namespaceSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] };
  const webhooks = configuration.webhooks.map((webhook) => ({ ...webhook, namespaceSelector }));
  return JSON.stringify({ ...configuration, webhooks });
}
