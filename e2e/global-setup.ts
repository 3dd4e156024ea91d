import type { TestProject } from 'vitest/node';
import { buildAhead, needsBuilds } from './build-ahead.ts';
import { startDriver } from './drivers/choose.ts';
import type { Cluster } from './drivers/cluster.ts';
import { whyNoNode } from './drivers/node/requirements.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The API server of this run, or why there is none. */
    cluster: Cluster | { readonly missing: string };
    /** Whether this machine can run a node, or why not. */
    node: { readonly missing?: string };
  }
}

/** Starts the API server once for all cases, and the building of what only the last of them need. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const driver = await startDriver(process.env);
  if ('missing' in driver) {
    if (process.env['CI'] === 'true') throw new Error(driver.missing);
    process.stderr.write(`SKIPPED: ${driver.missing}\n`);
    project.provide('cluster', driver);
    project.provide('node', driver);
    return undefined;
  }
  project.provide('cluster', driver.cluster);
  const missing = await whyNoNodeBeside(driver.cluster);
  project.provide('node', missing === undefined ? {} : { missing });
  if (missing === undefined && project.vitest.state.getPaths().some(needsBuilds)) void buildAhead();
  return async () => driver[Symbol.asyncDispose]();
}

/** Whoever names a cluster wants that one to be tested, and nothing to be started beside it. */
async function whyNoNodeBeside({ driver }: Cluster): Promise<string | undefined> {
  return driver === 'kubeconfig' ? 'a node is not started beside the cluster of E2E_KUBECONFIG' : whyNoNode();
}
