import { parse } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import { noteCreated } from '../drivers/leftovers.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

interface NamespaceSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly unknown[];
}

interface WebhookConfiguration {
  readonly metadata: { readonly name: string };
  readonly webhooks: readonly { readonly namespaceSelector?: NamespaceSelector }[];
}

/** A webhook configuration in force, until disposed. */
export interface RegisteredWebhook extends AsyncDisposable {
  readonly name: string;
}

/** Applies a ValidatingWebhookConfiguration (YAML or JSON). */
export async function registerWebhook(text: string, cluster: Cluster = sharedCluster()): Promise<RegisteredWebhook> {
  const parsed = parse(text) as WebhookConfiguration;
  const configuration = cluster.driver === 'kubeconfig' ? narrowed(parsed, cluster.run) : parsed;
  const { name } = configuration.metadata;
  const kind = 'validatingwebhookconfiguration';
  await noteCreated(cluster, kind, name);
  await kubectlOutput(['apply', '-f', '-'], { stdin: JSON.stringify(configuration), cluster });
  const registered: RegisteredWebhook = {
    name,
    [Symbol.asyncDispose]: async () => {
      disposed(registered);
      await kubectlOutput(['delete', kind, name, '--ignore-not-found'], { cluster });
    },
  };
  watchUntilDisposed(registered);
  return registered;
}

/** On somebody's cluster a webhook of ours judges the namespaces of this run and no others. */
function narrowed(configuration: WebhookConfiguration, run: string): WebhookConfiguration {
  const webhooks = configuration.webhooks.map((webhook) => {
    const { matchLabels, ...rest } = webhook.namespaceSelector ?? {};
    const namespaceSelector = { ...rest, matchLabels: { ...matchLabels, 'e2e.sekisho.dev/run': run } };
    return { ...webhook, namespaceSelector };
  });
  return { ...configuration, webhooks };
}
