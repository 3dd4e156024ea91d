import { isIP } from 'node:net';
import { SekishoError } from '../core/error.ts';
import { createPolicySet } from '../core/policy/policy-set.ts';
import { offlineFacts } from '../io/facts.ts';
import { readPolicies } from '../io/files/policies.ts';
import { createLogger, type Logger } from '../io/log.ts';
import { createMetrics, type Metrics } from '../io/metrics.ts';
import { anyAddress } from '../io/server/any-address.ts';
import { createInFlight } from '../io/server/in-flight.ts';
import { standardLimits } from '../io/server/limits.ts';
import { createProbeServer } from '../io/server/probe-server.ts';
import { type AdmissionServer, createAdmissionServer } from '../io/server/server.ts';
import type { ServingPair } from '../io/tls/key-pair.ts';
import { watchServingPair } from '../io/tls/serving.ts';
import { issueDevelopmentPair, writeDevelopmentFiles } from './development.ts';
import type { ServeOptions } from './serve.ts';
import { readSettings } from './settings.ts';
import { endInOrder } from './shutdown.ts';
import { packageVersion } from './version.ts';

/** Milliseconds: endpoints, and every kube-proxy, know within a few seconds that a replica goes. */
const shutdownDelay = 10_000;

/** Builds the webhook from the command line, and runs it until it is told to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const inFlight = createInFlight(standardLimits);
  const metrics = createMetrics({ version: packageVersion(), inflight: () => inFlight.requests });
  const [settings, policies, certificate] = await Promise.all([
    readSettings(options.config),
    readPolicies(policySources(options), (warning) => log.warn({ warning }, 'document left out')),
    openCertificate(options, { log, metrics }),
  ]);
  metrics.setPolicies(policies);
  const locale = options.langGiven ? options.lang : (settings.language ?? options.lang);
  const answers = { policies: createPolicySet(policies, settings.maxMode), facts: offlineFacts, locale };
  const webhook = createAdmissionServer({
    pair: certificate.pair(),
    answers,
    limits: standardLimits,
    inFlight,
    log,
    metrics,
  });
  certificate.feed(webhook);
  let stopping: string | undefined = 'starting';
  const probes = createProbeServer({ metrics, unreadiness: () => stopping ?? unfit(certificate.pair()) });
  const host = options.host ?? (options.dev ? '127.0.0.1' : await anyAddress());
  const probePort = await probes.listen({ host, port: options.probePort });
  const port = await webhook.listen({ host, port: options.port });
  const url = urlOf('https', host, port);
  await certificate.announce(urlOf('https', developmentAddress(options), port));
  stopping = undefined;
  endInOrder({
    log,
    delay: settings.shutdownDelay ?? (options.dev ? 0 : shutdownDelay),
    unready: (reason) => {
      stopping = reason;
    },
    sendAway: webhook.sendAway,
    drain: async () => {
      await webhook.close();
      await probes.close();
    },
  });
  log.info(
    { url, probeUrl: urlOf('http', host, probePort), policies: policies.map((p) => p.metadata.name) },
    'listening',
  );
  log.flush();
}

function policySources({ policy = [], dev }: ServeOptions): readonly string[] {
  if (policy.length > 0) return policy;
  if (dev) return ['builtin:restricted'];
  throw new SekishoError(
    'UsageInvalid',
    'no policy: add --policy FILE, --policy FOLDER or --policy builtin:restricted',
  );
}

/** The certificate in use, wherever it comes from. */
interface Certificate {
  pair(): ServingPair;
  /** Hands later pairs to the server. */
  feed(webhook: AdmissionServer): void;
  /** Tells whoever has to know where the server is. */
  announce(url: string): Promise<void>;
}

interface Observers {
  readonly log: Logger;
  readonly metrics: Metrics;
}

async function openCertificate(options: ServeOptions, observers: Observers): Promise<Certificate> {
  const { cert, key, dev } = options;
  if (dev && (cert !== undefined || key !== undefined)) {
    throw new SekishoError('UsageInvalid', '--dev makes a certificate of its own: leave out --cert and --key');
  }
  if (dev) return openDevelopmentCertificate(options, observers);
  if (cert !== undefined && key !== undefined) return openCertificateFiles({ cert, key }, observers);
  throw new SekishoError('UsageInvalid', 'no certificate: add --cert FILE and --key FILE, or --dev');
}

/** Where the API server finds a webhook of `--dev`: no certificate is good for every address. */
function developmentAddress({ host }: ServeOptions): string {
  return host !== undefined && isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::' ? host : '127.0.0.1';
}

async function openDevelopmentCertificate(options: ServeOptions, { log, metrics }: Observers): Promise<Certificate> {
  const { dir } = options;
  const { pair, authority } = await issueDevelopmentPair(developmentAddress(options));
  metrics.setCertificateExpiry('serving', pair.notAfter);
  return {
    pair: () => pair,
    feed: () => undefined,
    async announce(url) {
      await writeDevelopmentFiles(dir, authority, url);
      log.debug({ dir }, 'wrote ca.crt and webhook-configuration.yaml');
    },
  };
}

async function openCertificateFiles(
  files: { cert: string; key: string },
  { log, metrics }: Observers,
): Promise<Certificate> {
  let webhook: AdmissionServer | undefined;
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
    pair: () => watch.pair,
    feed: (server) => {
      webhook = server;
    },
    announce: async () => undefined,
  };
}

function unfit({ notBefore, notAfter }: ServingPair): string | undefined {
  const now = new Date();
  return now >= notBefore && now < notAfter ? undefined : 'the serving certificate is not valid now';
}

function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
