import { startLocalApiServer } from '../e2e/drivers/choose.ts';
import { type ApiClient, connectToApiServer } from '../e2e/harness/api-client.ts';
import { inParallel } from '../e2e/harness/in-parallel.ts';
import { installKinds } from '../e2e/harness/kinds.ts';
import { manyExceptions, manyPolicies, namespaceNames, type Reach } from './many-policies.ts';

/** A real API server that holds the thousands. */
export interface FullCluster extends AsyncDisposable {
  /** For `sekisho serve`. */
  readonly flags: readonly string[];
}

const atOnce = 16;

/** Puts all namespaces, policies and exceptions into an API server of its own: half a minute on two idle cores. */
export async function startFullCluster(reach: Reach): Promise<FullCluster | { readonly skipped: string }> {
  await using undo = new AsyncDisposableStack();
  const driver = await startLocalApiServer(process.env);
  if ('missing' in driver) return { skipped: driver.missing.split('\n', 1)[0] ?? '' };
  const { cluster } = undo.use(driver);
  await installKinds(cluster);
  using client = await connectToApiServer(cluster, { connections: atOnce });
  const own = '/apis/sekisho.dev/v1alpha1';
  const namespaces = namespaceNames().map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await create(client, '/api/v1/namespaces', namespaces);
  await create(client, `${own}/podpolicies`, manyPolicies(reach));
  await create(client, `${own}/podpolicyexceptions`, manyExceptions(new Date()));
  const end = undo.move();
  return {
    flags: ['--kubeconfig', cluster.access.administrator.kubeconfig],
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

async function create(client: ApiClient, path: string, objects: readonly object[]): Promise<void> {
  await inParallel(objects, atOnce, async (body) => {
    const { code, message } = await client.send({ method: 'POST', path, body });
    if (code !== 201) throw new Error(`${path}: ${code} ${message}`);
  });
}
