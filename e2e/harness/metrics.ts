import type { Cluster } from '../drivers/cluster.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the API server counted about its webhooks, by the name of the webhook (the entry, not the configuration). */
export interface AdmissionMetrics {
  readonly samples: readonly Sample[];
  /** The sum over the samples of a metric whose labels include these. */
  total(metric: string, labels?: Readonly<Record<string, string>>): number;
  requests(webhook: string, labels?: Readonly<Record<string, string>>): number;
  rejections(webhook: string, labels?: Readonly<Record<string, string>>): number;
  /** Calls that failed and were let through by `failurePolicy: Ignore`. */
  failedOpen(webhook: string): number;
}

const prefix = 'apiserver_admission_webhook_';

/** Reads the `apiserver_admission_webhook_*` part of the API server's /metrics. */
export async function apiServerMetrics(cluster: Cluster = sharedCluster()): Promise<AdmissionMetrics> {
  const text = await kubectlOutput(['get', '--raw', '/metrics'], { cluster });
  const samples = text.split('\n').flatMap((line) => (line.startsWith(prefix) ? [parseSample(line)] : []));
  const total: AdmissionMetrics['total'] = (metric, labels = {}) =>
    samples
      .filter((sample) => sample.metric === metric)
      .filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value))
      .reduce((sum, sample) => sum + sample.value, 0);
  return {
    samples,
    total,
    requests: (name, labels) => total(`${prefix}request_total`, { ...labels, name }),
    rejections: (name, labels) => total(`${prefix}rejection_count`, { ...labels, name }),
    failedOpen: (name) => total(`${prefix}fail_open_count`, { name }),
  };
}

function parseSample(line: string): Sample {
  const [, metric = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', text = '']) => [name, text]);
  return { metric, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}
