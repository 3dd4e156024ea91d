import type { TestProject } from 'vitest/node';
import { startDriver } from './drivers/choose.ts';
import type { Cluster } from './drivers/cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The API server of this run, or why there is none. */
    cluster: Cluster | { readonly missing: string };
  }
}

/** Starts the API server once for all cases. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const driver = await startDriver(process.env);
  if ('missing' in driver) {
    if (process.env['CI'] === 'true') throw new Error(driver.missing);
    process.stderr.write(`SKIPPED: ${driver.missing}\n`);
    project.provide('cluster', driver);
    return undefined;
  }
  project.provide('cluster', driver.cluster);
  return async () => driver[Symbol.asyncDispose]();
}
