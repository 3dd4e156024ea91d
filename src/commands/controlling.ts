import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { SekishoError } from '../core/error.ts';
import { createWorkloads } from '../core/pod/workloads.ts';
import { watchCoverage } from '../io/canaries/coverage-duty.ts';
import { keepCertificates } from '../io/certificates/keeper.ts';
import { systemClock } from '../io/clock.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import { readCredentials } from '../io/cluster/credentials.ts';
import { createClusterClient } from '../io/cluster/http-client.ts';
import { type ControllerMetrics, createControllerMetrics } from '../io/controller-metrics.ts';
import { standardTiming } from '../io/lease/election.ts';
import { type Elector, resigning, startElector } from '../io/lease/elector.ts';
import { createLogger, type Logger } from '../io/log.ts';
import { anyAddress } from '../io/server/any-address.ts';
import { createProbeServer } from '../io/server/probe-server.ts';
import { keepStatus } from '../io/status/status-duty.ts';
import { urlOf } from '../io/url.ts';
import { showCoverage } from './canary-report.ts';
import { cleanUp } from './cleanup.ts';
import type { ControllerOptions } from './controller.ts';
import { type Installation, readSettings, type Settings } from './settings.ts';
import { endInOrder } from './shutdown.ts';
import { packageVersion } from './version.ts';

/** One of the two errands, or the controller until it is told to stop. */
export async function control(options: ControllerOptions): Promise<void> {
  const settings = await readSettings(options.config);
  const { installation } = settings;
  if (installation === undefined) {
    throw new SekishoError(
      'SettingsInvalid',
      `${options.config}: installation: is missing; it names what to look after`,
    );
  }
  const client = createClusterClient(await readCredentials(options.kubeconfig));
  if (options.cleanup || options.canaries) {
    await using errand = client;
    const { canaryNamespace, webhookConfiguration } = installation;
    const { custom } = createWorkloads(settings.workloadKinds);
    process.exitCode = options.cleanup
      ? await cleanUp({ client: errand, webhookConfiguration, clock: systemClock, write: print })
      : await showCoverage({ client: errand, canaryNamespace, webhookConfiguration, custom, write: print });
    return;
  }
  await runController(options, { client, settings, installation });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What a controller works on. */
interface Charge {
  readonly client: ClusterClient;
  readonly settings: Settings;
  readonly installation: Installation;
}

async function runController(options: ControllerOptions, charge: Charge): Promise<void> {
  const log = createLogger(options.logLevel);
  const metrics = createControllerMetrics(packageVersion());
  let stopping: string | undefined;
  // A standby is as ready as the leader: it does nothing, and is there.
  const probes = createProbeServer({ metrics, unreadiness: () => stopping });
  const host = options.host ?? (await anyAddress());
  const probePort = await probes.listen({ host, port: options.probePort });
  const observers = { log, metrics };
  const elector = stand(charge, dutiesOf(options, charge, observers), observers);
  endInOrder({
    log,
    delay: 0,
    unready: (reason) => {
      stopping = reason;
    },
    sendAway: () => undefined,
    drain: async () => {
      await elector[Symbol.asyncDispose]();
      await charge.client[Symbol.asyncDispose]();
      await probes.close();
    },
    undrained: 'lease still being given back, not waiting any longer',
  });
  log.info({ probeUrl: urlOf('http', host, probePort) }, 'listening');
}

interface Observers {
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
}

/** A candidate for the lease that does its duties while it leads. */
function stand({ client, installation }: Charge, duties: readonly Duty[], observers: Observers): Elector {
  const { log, metrics } = observers;
  const identity = `${hostname()}_${randomUUID()}`;
  metrics.setLeading(false);
  return startElector({
    client,
    lease: { namespace: installation.namespace, name: installation.lease },
    identity,
    timing: standardTiming,
    clock: systemClock,
    random: Math.random,
    async onElected(signal) {
      metrics.setLeading(true);
      log.info({ identity }, 'leading');
      await Promise.all(duties.map((perform) => perform(signal)));
    },
    onLost(reason) {
      metrics.setLeading(false);
      log[reason === resigning ? 'info' : 'warn']({ identity, reason }, 'no longer leading');
    },
    onWaiting: (holder) => log.info({ identity, holder }, 'standing by'),
    onTrouble: (reason) => log.warn({ identity, reason }, 'cannot hold the lease'),
  });
}

/** Something the leader does until it is told that it leads no more. It looks after its own failures. */
type Duty = (signal: AbortSignal) => Promise<void>;

function dutiesOf(options: ControllerOptions, charge: Charge, { log, metrics }: Observers): readonly Duty[] {
  const { client, settings, installation } = charge;
  const { custom } = createWorkloads(settings.workloadKinds);
  const coverage = watchCoverage({ client, ...installation, custom, clock: systemClock, log, metrics });
  const status = keepStatus({
    client,
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    policySources: options.policy ?? [],
    maxExceptionDuration: settings.exceptions.maxDuration,
  });
  const { caSecret } = installation;
  if (caSecret === undefined) return [coverage, status];
  const objects = { ...installation, caSecret };
  const clocks = { now: systemClock.wall, elapsed: systemClock.monotonic };
  return [coverage, status, keepCertificates({ client, objects, times: settings.certs, log, metrics, ...clocks })];
}
