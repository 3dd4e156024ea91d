import type { Cluster } from '../drivers/cluster.ts';
import { waitFor } from '../drivers/waiting.ts';
import { kubectl } from './kubectl.ts';
import { createNamespace } from './namespace.ts';

const pod = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asks' },
  spec: { containers: [{ name: 'asks', image: 'registry.k8s.io/pause:3.10' }] },
});

/**
 * Waits until the API server asks a webhook that was just registered: it learns of it a moment after it has accepted
 * it, and what is created before that is not judged.
 */
export async function whenInForce(cluster: Cluster, asked: () => Promise<boolean>): Promise<void> {
  const namespace = await createNamespace({}, { cluster });
  const askNow = async (): Promise<true | undefined> => {
    await kubectl(['-n', namespace, 'create', '--dry-run=server', '-f', '-'], { stdin: pod, cluster });
    return (await asked()) ? true : undefined;
  };
  await waitFor(askNow, { withinMs: 20_000, what: 'the first review of a webhook just registered' });
}
