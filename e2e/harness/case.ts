import { afterAll, describe, inject } from 'vitest';
import '../global-setup.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { disposeUnfinished } from './unfinished.ts';

/** What a case may need of the cluster beyond an API server that answers. */
export type Need = ClusterNeed | 'node';
type ClusterNeed = 'auditLog' | 'webhookAddress' | 'binaries';

const reasons: Readonly<Record<ClusterNeed, string>> = {
  auditLog: 'the audit log cannot be read',
  webhookAddress: 'the API server cannot reach this machine (E2E_WEBHOOK_ADDRESS)',
  binaries: 'no API server of its own can be started',
};

/** The API server of this run. Only inside `describeCase`, which knows that there is one. */
export function sharedCluster(): Cluster {
  const cluster = inject('cluster');
  if ('missing' in cluster) throw new Error(cluster.missing);
  return cluster;
}

/** A `describe` that prints SKIPPED and the reason when this run's cluster lacks what the case needs. */
export function describeCase(name: string, needs: readonly Need[], body: () => void): void {
  const reason = whySkipped(needs)?.split('\n')[0];
  if (reason !== undefined) {
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    describe.skip(`${name} (SKIPPED: ${reason})`, body);
    return;
  }
  describe(name, () => {
    afterAll(disposeUnfinished);
    body();
  });
}

function whySkipped(needs: readonly Need[]): string | undefined {
  const cluster = inject('cluster');
  if ('missing' in cluster) return cluster.missing;
  const lacking = needs.map((need) => {
    if (need === 'node') return inject('node').missing;
    return cluster[need] === undefined ? reasons[need] : undefined;
  });
  return lacking.filter((reason) => reason !== undefined).join('; ') || undefined;
}
