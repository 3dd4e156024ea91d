import { join } from 'node:path';
import { goTools } from '../drivers/go-tools.ts';
import { type NodeCluster, type NodeDriver, startNodeDriver } from '../drivers/node.ts';
import { buildSekishoImage, type ImageArchive } from '../image/build.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** For the `beforeAll` that starts a node: its programs may still have to be built. */
export const nodeTimeoutMs = 1_200_000;

/**
 * A cluster of its own for the cases of one file, with a node on which pods run: need `node`. Takes ten seconds. Nothing
 * can be pulled, there is no DNS and no way out of the cluster but to this machine, at `webhookAddress`.
 */
export async function startNode(): Promise<NodeDriver> {
  const [etcd, kubernetes, node] = await Promise.all([goTools('etcd'), goTools('kubernetes'), goTools('node')]);
  const driver = await startNodeDriver({
    etcd: join(etcd, 'etcd'),
    kubeApiserver: join(kubernetes, 'kube-apiserver'),
    kubectl: join(kubernetes, 'kubectl'),
    node,
  });
  const stop = async (): Promise<void> => {
    disposed(watched);
    await driver[Symbol.asyncDispose]();
  };
  const watched = { ...driver, [Symbol.asyncDispose]: stop };
  watchUntilDisposed(watched);
  return watched;
}

/** The image of this checkout, built if need be and imported into the node: pods with `imagePullPolicy: Never` run it. */
export async function sekishoImage({ node }: NodeCluster): Promise<ImageArchive> {
  const image = await buildSekishoImage();
  await node.importImage(image.archive);
  return image;
}
