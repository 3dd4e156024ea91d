import type { NamespaceSource } from '../core/policy/namespace.ts';
import { namespacesOffline } from '../core/policy/namespace.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import type { Logger } from '../io/log.ts';
import type { Metrics } from '../io/metrics.ts';
import type { ServeOptions } from './serve.ts';
import type { Settings } from './settings.ts';

/**
 * The cluster whose namespaces and policies count: the one of `--kubeconfig`, or that of the pod where the settings say
 * that the installation is in one. Nobody else is asked anything.
 */
export async function openCluster(options: ServeOptions, settings: Settings): Promise<ClusterClient | undefined> {
  if (options.kubeconfig === undefined && settings.installation === undefined) return undefined;
  const [{ readCredentials }, { createClusterClient }] = await Promise.all([
    import('../io/cluster/credentials.ts'),
    import('../io/cluster/http-client.ts'),
  ]);
  return createClusterClient(await readCredentials(options.kubeconfig));
}

/** Where a process that serves looks namespaces up. */
export interface WatchedNamespaces {
  readonly namespaces: NamespaceSource;
  /** Of what is known of them, for the log. */
  readonly origin: 'the cluster' | 'nobody to ask';
  /** Why the API server must not be sent here; undefined when it may, and from then on for ever. */
  unreadiness(): string | undefined;
}

interface Observers {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly client: ClusterClient | undefined;
}

export async function openNamespaces({ client, log, metrics }: Observers): Promise<WatchedNamespaces> {
  if (client === undefined) {
    return { namespaces: namespacesOffline, origin: 'nobody to ask', unreadiness: () => undefined };
  }
  const { watchNamespaces } = await import('../io/cluster/namespaces.ts');
  const namespaces = watchNamespaces({ client, log, metrics, elapsed: () => performance.now() });
  let listed = false;
  namespaces.first.then(() => {
    listed = true;
  });
  return {
    namespaces,
    origin: 'the cluster',
    unreadiness: () => (listed ? undefined : 'the namespaces of the cluster were not listed yet'),
  };
}
