import type { Cluster } from '../drivers/cluster.ts';
import { kubectlOutput } from './kubectl.ts';

/** The kinds of which a chart's objects outlive their namespace, and could stand in somebody's way. */
const clusterWide = ['validatingwebhookconfigurations', 'clusterroles', 'clusterrolebindings', 'namespaces'];

const part = 'app.kubernetes.io/part-of=sekisho';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Names of the webhook's pods that are Ready. */
export async function servePods(cluster: Cluster, namespace = 'sekisho'): Promise<readonly string[]> {
  const args = [
    '-n',
    namespace,
    'get',
    'pods',
    '-l',
    'app.kubernetes.io/name=sekisho,app.kubernetes.io/component=serve',
    '-o',
    'json',
  ];
  const { items } = JSON.parse(await kubectlOutput(args, { cluster })) as PodList;
  const ready = items.filter(({ status }) =>
    status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
  );
  return ready.map(({ metadata }) => metadata.name);
}

/** What each of the webhook's pods answers to `GET /metrics`. */
export async function servedMetrics(cluster: Cluster, namespace = 'sekisho'): Promise<readonly string[]> {
  const pages = (await servePods(cluster, namespace)).map((pod) =>
    kubectlOutput(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:8080/proxy/metrics`], { cluster }),
  );
  return Promise.all(pages);
}

/** Objects of Sekisho outside its namespace, as `kind/name`. */
export async function whatIsLeft(cluster: Cluster): Promise<readonly string[]> {
  const args = ['get', clusterWide.join(','), '-l', part, '-o', 'name', '--ignore-not-found'];
  return (await kubectlOutput(args, { cluster })).split('\n').filter(Boolean);
}

/** As the head of deploy/install.yaml says: first what could block, then the rest. */
export async function deleteInstallation(cluster: Cluster): Promise<void> {
  await kubectlOutput(['delete', 'validatingwebhookconfiguration', 'sekisho'], { cluster });
  await kubectlOutput(['delete', '-f', 'deploy/install.yaml', '--ignore-not-found', '--timeout=110s'], {
    cluster,
    timeoutMs: 120_000,
  });
}
