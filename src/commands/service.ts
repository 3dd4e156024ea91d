import { setFlagsFromString } from 'node:v8';
import type { AnswerContext } from '../core/admission/answer.ts';
import { createWorkloads } from '../core/pod/workloads.ts';
import type { NamespaceSource } from '../core/policy/namespace.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import { createLogger, type Logger } from '../io/log.ts';
import { createMetrics, type Metrics } from '../io/metrics.ts';
import { offline } from '../io/offline.ts';
import { anyAddress } from '../io/server/any-address.ts';
import { createInFlight } from '../io/server/in-flight.ts';
import { standardLimits } from '../io/server/limits.ts';
import { createProbeServer, type ProbeServer } from '../io/server/probe-server.ts';
import { type AdmissionServer, createAdmissionServer } from '../io/server/server.ts';
import { urlOf } from '../io/url.ts';
import { developmentAddress, openCertificate } from './certificate-source.ts';
import { openCluster, openNamespaces, openPods } from './cluster-access.ts';
import { hasGuard, openPolicies, type PolicySource } from './policy-source.ts';
import type { ServeOptions } from './serve.ts';
import { readSettings, type Settings } from './settings.ts';
import { endInOrder } from './shutdown.ts';
import { packageVersion } from './version.ts';

/** Milliseconds: endpoints, and every kube-proxy, know within a few seconds that a replica goes. */
const shutdownDelay = 10_000;

/** Builds the webhook from the command line, and runs it until it is told to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  // Collecting what a few hundred reviews left takes a millisecond: to wake helper threads for it costs more than they
  // do, five to eight per cent of a denied pod.
  setFlagsFromString('--no-parallel-scavenge');
  const log = createLogger(options.logLevel);
  const inFlight = createInFlight(standardLimits);
  const metrics = createMetrics({ version: packageVersion(), inflight: () => inFlight.requests });
  const settings = await readSettings(options.config);
  const client = await openCluster(options, settings);
  const source = await openPolicies(options, {
    ceiling: settings.maxMode,
    maxExceptionDuration: settings.exceptions.maxDuration,
    log,
    metrics,
    client,
  });
  const known = await openNamespaces({ client, log, metrics });
  const certificate = await openCertificate(options, settings, { log, metrics, client });
  const host = options.host ?? (options.dev ? '127.0.0.1' : await anyAddress());
  const life = startLife({
    log,
    metrics,
    unreadiness: () => certificate.unreadiness() ?? source.unreadiness() ?? known.unreadiness(),
    delay: settings.shutdownDelay ?? (options.dev ? 0 : shutdownDelay),
  });
  const probePort = await life.probes.listen({ host, port: options.probePort });
  // Nobody can be answered before there is a certificate, nor may anybody before there are all policies. The probes say
  // so meanwhile. A namespace that nobody knows yet is read, or is a finding.
  await Promise.all([certificate.first, source.first]);
  const answers = await answersOf({ options, settings, source, client, log, namespaces: known.namespaces });
  const pair = certificate.pair();
  const webhook = createAdmissionServer({ pair, answers, limits: standardLimits, inFlight, log, metrics });
  certificate.feed(webhook);
  const port = await webhook.listen({ host, port: options.port });
  const url = urlOf('https', host, port);
  await certificate.announce(urlOf('https', developmentAddress(options), port), { guard: hasGuard(source.policies) });
  life.listening(webhook);
  const addresses = { url, probeUrl: urlOf('http', host, probePort) };
  log.info({ ...addresses, ...source.summary(), namespaces: known.origin }, 'listening');
  log.flush();
}

interface AnswerOptions {
  readonly options: ServeOptions;
  readonly settings: Settings;
  readonly source: PolicySource;
  readonly client: ClusterClient | undefined;
  readonly log: Logger;
  readonly namespaces: NamespaceSource;
}

/** What every request is answered by. */
async function answersOf({
  options,
  settings,
  source,
  client,
  log,
  namespaces,
}: AnswerOptions): Promise<AnswerContext> {
  const { installation, exceptions, language, workloadKinds } = settings;
  return {
    get policies() {
      return source.policies;
    },
    ...offline,
    namespaces,
    locale: options.langGiven ? options.lang : (language ?? options.lang),
    workloads: createWorkloads(workloadKinds),
    maxExceptionDuration: exceptions.maxDuration,
    isTaken: source.isTaken,
    ...(await openPods({ client, log })),
    ...(installation && { canaryNamespace: installation.canaryNamespace }),
  };
}

interface LifeOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Why the API server must not be sent here, beside that nothing listens yet. */
  unreadiness(): string | undefined;
  /** Milliseconds. */
  readonly delay: number;
}

interface Life {
  readonly probes: ProbeServer;
  /** Requests are answered from now on. */
  listening(webhook: AdmissionServer): void;
}

/** From the first probe to the end of the process, which may come before the first request. */
function startLife({ log, metrics, unreadiness: notYet, delay }: LifeOptions): Life {
  let webhook: AdmissionServer | undefined;
  let stopping: string | undefined;
  const unreadiness = () => stopping ?? notYet() ?? (webhook === undefined ? 'starting' : undefined);
  const probes = createProbeServer({ metrics, unreadiness });
  endInOrder({
    log,
    get delay() {
      return webhook === undefined ? 0 : delay;
    },
    unready: (reason) => {
      stopping = reason;
    },
    sendAway: () => webhook?.sendAway(),
    drain: async () => {
      await webhook?.close();
      await probes.close();
    },
    undrained: 'requests still in flight, not waiting any longer',
  });
  return {
    probes,
    listening(server) {
      webhook = server;
    },
  };
}
