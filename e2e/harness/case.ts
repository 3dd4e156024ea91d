import { afterAll, beforeAll, describe, inject } from 'vitest';
import '../global-setup.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { helmProgram, helmTimeoutMs, whyNoHelm } from './helm-program.ts';
import { disposeUnfinished } from './unfinished.ts';

/** What a case may need beyond an API server that answers; it has helm before its first test. */
export type Need = ClusterNeed | 'node' | 'helm';
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

/** A `describe` that prints SKIPPED and the reason when this run lacks what the case needs. */
export function describeCase(name: string, needs: readonly Need[], body: () => void): void {
  const reason = whySkipped(needs)?.split('\n')[0];
  if (reason !== undefined) {
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    describe.skip(`${name} (SKIPPED: ${reason})`, body);
    return;
  }
  describe(name, () => {
    afterAll(disposeUnfinished);
    if (needs.includes('helm')) beforeAll(helmProgram, helmTimeoutMs);
    body();
  });
}

function whySkipped(needs: readonly Need[]): string | undefined {
  const cluster = inject('cluster');
  if ('missing' in cluster) return cluster.missing;
  const lacking = needs.map((need) => {
    if (need === 'node') return inject('node').missing;
    if (need === 'helm') return whyNoHelm();
    return cluster[need] === undefined ? reasons[need] : undefined;
  });
  return lacking.filter((reason) => reason !== undefined).join('; ') || undefined;
}
