import { isIP } from 'node:net';
import { SekishoError } from '../core/error.ts';
import { createWorkloads } from '../core/pod/workloads.ts';
import { systemClock } from '../io/clock.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import type { WebhookEndpoint } from '../io/files/webhook-configuration.ts';
import type { Logger } from '../io/log.ts';
import type { Metrics } from '../io/metrics.ts';
import type { AdmissionServer } from '../io/server/server.ts';
import { type ServingPair, untimely } from '../io/tls/key-pair.ts';
import { watchServingPair } from '../io/tls/serving.ts';
import { issueDevelopmentPair, writeDevelopmentFiles } from './development.ts';
import type { ServeOptions } from './serve.ts';
import type { Installation, Settings } from './settings.ts';

/** The serving certificate, wherever it comes from. */
export interface CertificateSource {
  /** Resolves when there is something to serve. */
  readonly first: Promise<unknown>;
  /** The pair to serve now. Throws before there is a first one. */
  pair(): ServingPair;
  /** Hands later pairs to the server. */
  feed(webhook: Pick<AdmissionServer, 'serve'>): void;
  /** Tells whoever has to know where the server is. */
  announce(url: string, entries: Pick<WebhookEndpoint, 'guard'>): Promise<void>;
  /** Why the API server must not be sent here; undefined when it may. */
  unreadiness(): string | undefined;
}

interface Observers {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Of the cluster that the installation is in, where there is one. */
  readonly client?: ClusterClient | undefined;
}

/** Files, a certificate of its own for developers, or a leaf that this replica signs with the CA of the installation. */
export async function openCertificate(
  options: ServeOptions,
  settings: Settings,
  observers: Observers,
): Promise<CertificateSource> {
  const { cert, key, dev } = options;
  if (dev && (cert !== undefined || key !== undefined)) {
    throw new SekishoError('UsageInvalid', '--dev makes a certificate of its own: leave out --cert and --key');
  }
  if (dev) return openDevelopmentCertificate(options, settings, observers);
  if (cert !== undefined && key !== undefined) return openCertificateFiles({ cert, key }, observers);
  const { installation } = settings;
  const { client } = observers;
  if (cert === undefined && key === undefined && installation?.caSecret !== undefined && client !== undefined) {
    return openOwnCertificate(client, { ...installation, caSecret: installation.caSecret, settings }, observers);
  }
  const remedy = 'add --cert FILE and --key FILE, or --dev, or a --config whose installation names a caSecret';
  throw new SekishoError('UsageInvalid', `no certificate: ${remedy}`);
}

/** Where the API server finds a webhook of `--dev`: no certificate is good for every address. */
export function developmentAddress({ host }: Pick<ServeOptions, 'host'>): string {
  return host !== undefined && isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::' ? host : '127.0.0.1';
}

async function openDevelopmentCertificate(
  options: ServeOptions,
  { workloadKinds }: Settings,
  { log, metrics }: Observers,
): Promise<CertificateSource> {
  const { dir } = options;
  const { pair, authority } = await issueDevelopmentPair(developmentAddress(options));
  metrics.setCertificateExpiry('serving', pair.notAfter);
  return {
    first: Promise.resolve(),
    pair: () => pair,
    feed: () => undefined,
    async announce(url, { guard }) {
      const { custom } = createWorkloads(workloadKinds);
      await writeDevelopmentFiles(dir, { url: `${url}/validate`, authority, custom, guard });
      log.debug({ dir }, 'wrote ca.crt and webhook-configuration.yaml');
    },
    unreadiness: () => untimely(pair, systemClock.wall()),
  };
}

async function openCertificateFiles(
  files: { cert: string; key: string },
  { log, metrics }: Observers,
): Promise<CertificateSource> {
  let webhook: Pick<AdmissionServer, 'serve'> | undefined;
  const watch = await watchServingPair(files, {
    changed(pair) {
      webhook?.serve(pair);
      metrics.setCertificateExpiry('serving', pair.notAfter);
      log.info({ ...files, notAfter: pair.notAfter }, 'certificate replaced');
    },
    failed(error) {
      metrics.certificateReloadFailed();
      log.error({ ...files, reason: error.message }, 'new certificate refused, the last good one stays');
    },
  });
  metrics.setCertificateExpiry('serving', watch.pair.notAfter);
  return {
    first: Promise.resolve(),
    pair: () => watch.pair,
    feed: (server) => {
      webhook = server;
    },
    announce: async () => undefined,
    unreadiness: () => untimely(watch.pair, systemClock.wall()),
  };
}

interface OwnCertificate extends Installation {
  readonly caSecret: string;
  readonly settings: Settings;
}

async function openOwnCertificate(
  client: ClusterClient,
  { settings, ...installation }: OwnCertificate,
  { log, metrics }: Observers,
): Promise<CertificateSource> {
  const { keepLeaf, leafNames } = await import('../io/certificates/leaf.ts');
  const { certs } = settings;
  let webhook: Pick<AdmissionServer, 'serve'> | undefined;
  let current: ServingPair | undefined;
  const leaf = keepLeaf({
    client,
    objects: installation,
    names: leafNames(installation, certs.names),
    times: certs,
    log,
    metrics,
    now: systemClock.wall,
    elapsed: systemClock.monotonic,
    changed(pair) {
      current = pair;
      webhook?.serve(pair);
    },
  });
  return {
    first: leaf.first,
    pair() {
      if (current === undefined) throw new Error('there is no certificate yet');
      return current;
    },
    feed: (server) => {
      webhook = server;
    },
    announce: async () => undefined,
    unreadiness: leaf.unreadiness,
  };
}
