import { keepCertificates } from '../../src/io/certificates/keeper.ts';
import type { CertificateObjects } from '../../src/io/certificates/objects.ts';
import type { CertificateTimes } from '../../src/io/certificates/rotation.ts';
import { createClusterClient } from '../../src/io/cluster/http-client.ts';
import { kubeconfigCredentials } from '../../src/io/cluster/kubeconfig.ts';
import { createLogger } from '../../src/io/log.ts';
import { createMetrics } from '../../src/io/metrics.ts';
import { sharedCluster } from './case.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** What `sekisho controller` does about certificates, without the lease that allows only one to do it. */
export interface CertificateKeeper extends AsyncDisposable {
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The value of one series. */
  metric(series: string): Promise<number | undefined>;
}

export async function startCertificateKeeper(
  objects: CertificateObjects,
  times: CertificateTimes,
): Promise<CertificateKeeper> {
  const client = createClusterClient(await kubeconfigCredentials(sharedCluster().access.administrator.kubeconfig));
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('debug', { write: (line: string) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics({ version: 'e2e', inflight: () => 0 });
  const stop = new AbortController();
  const [now, elapsed] = [() => new Date(), () => performance.now()];
  const ended = keepCertificates({ client, objects, times, log, metrics, now, elapsed })(stop.signal);
  const keeper: CertificateKeeper = {
    lines,
    async metric(series) {
      const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
    async [Symbol.asyncDispose]() {
      disposed(keeper);
      stop.abort();
      await ended;
      await client[Symbol.asyncDispose]();
    },
  };
  watchUntilDisposed(keeper);
  return keeper;
}
