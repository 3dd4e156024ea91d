import { afterAll, beforeAll, expect } from 'vitest';
import type { Cluster } from '../drivers/cluster.ts';
import { sharedCluster } from './case.ts';
import { type AdmissionMetrics, apiServerMetrics } from './metrics.ts';

const webhook = 'pods.sekisho.dev';

/** What the API server says of its calls to Sekisho. */
export interface WebhookCalls {
  /** Answered, with whatever verdict. */
  readonly answered: number;
  readonly denied: number;
  /** No usable answer came: refused, timed out, broken. */
  readonly failed: number;
  /** Of those, let through by `failurePolicy: Ignore`. */
  readonly failedOpen: number;
  /** Status codes of the verdicts: anything but 200 and 403 is no verdict of a policy. */
  readonly codes: readonly string[];
}

export async function webhookCalls(cluster: Cluster = sharedCluster()): Promise<WebhookCalls> {
  return summarised(await apiServerMetrics(cluster));
}

function summarised(metrics: AdmissionMetrics): WebhookCalls {
  const denied = metrics.rejections(webhook, { error_type: 'no_error' });
  const failed = metrics.rejections(webhook) - denied;
  const requests = metrics.samples.filter(
    ({ metric, labels }) => metric === 'apiserver_admission_webhook_request_total' && labels['name'] === webhook,
  );
  return {
    answered: metrics.requests(webhook) - failed - metrics.failedOpen(webhook),
    denied,
    failed,
    failedOpen: metrics.failedOpen(webhook),
    codes: [...new Set(requests.map(({ labels }) => labels['code'] ?? ''))].sort(),
  };
}

/** For the body of `describeCase`: the API server asked Sekisho meanwhile, got an answer each time, and let nothing by. */
export function expectEveryCallAnswered(): void {
  let before: WebhookCalls | undefined;
  beforeAll(async () => {
    before = await webhookCalls();
  });
  afterAll(async () => {
    const after = await webhookCalls();
    const since = (count: 'answered' | 'failed' | 'failedOpen'): number => after[count] - (before?.[count] ?? 0);
    expect({ failed: since('failed'), failedOpen: since('failedOpen') }).toEqual({ failed: 0, failedOpen: 0 });
    expect(since('answered')).toBeGreaterThan(0);
    expect(
      after.codes.filter((code) => !(before?.codes ?? []).includes(code) && code !== '200' && code !== '403'),
    ).toEqual([]);
  });
}
