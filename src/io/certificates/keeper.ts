import { messageOf } from '../../core/error.ts';
import { createBell } from '../bell.ts';
import type { CertificateMetrics } from '../certificate-metrics.ts';
import type { ClusterAnswer, ClusterClient } from '../cluster/client.ts';
import { pathOf, readObject } from '../cluster/object.ts';
import { watchObject } from '../cluster/object-watch.ts';
import { reasonOf, refusal } from '../cluster/refusal.ts';
import type { Logger } from '../log.ts';
import { issueAuthority } from '../tls/issue.ts';
import type { KeyPair } from '../tls/key-pair.ts';
import { createAlarms, type Found } from './alarms.ts';
import { bundlePatch, parseWebhookState, type WebhookState } from './ca-bundle.ts';
import {
  type CaContent,
  type CaSecret,
  type CaState,
  formatCaSecret,
  parseCaSecret,
  parseCaState,
} from './ca-secret.ts';
import { type CertificateObjects, configurationOf, secretOf } from './objects.ts';
import { createReadBack } from './read-back.ts';
import { type CertificateTimes, nextStep, type Step } from './rotation.ts';

export interface KeeperOptions {
  readonly client: ClusterClient;
  readonly objects: CertificateObjects;
  readonly times: CertificateTimes;
  readonly log: Logger;
  readonly metrics: Pick<CertificateMetrics, 'setCertificateExpiry' | 'setWebhookEntries'>;
  now(): Date;
  /** Milliseconds of a clock that nobody sets: waiting for propagation must not be cut short by one that jumps. */
  elapsed(): number;
}

/** However silent the watches are, everything is looked at again after this. */
const lookMilliseconds = 10_000;

/** So many steps follow each other at most, before there is a pause: something else may be fighting us. */
const stepsAtOnce = 8;

const slowMilliseconds = 2_000;

const later: Step = { kind: 'wait', milliseconds: lookMilliseconds };

const manager = 'fieldManager=sekisho-controller';

/** The duty to keep the CA and what the API servers trust in step, until the signal is aborted. */
export function keepCertificates(options: KeeperOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const bell = createBell(signal);
    const keeper = createKeeper(options);
    const listener = { seen: bell.ring, failed: (error: Error) => keeper.watchFailed(error) };
    const objects = [secretOf(options.objects), configurationOf(options.objects)];
    await using watches = new AsyncDisposableStack();
    for (const object of objects) watches.use(watchObject(options.client, object, listener));
    while (!signal.aborted) {
      const pause = await keeper.look(signal);
      await bell.wait(Math.min(pause, lookMilliseconds));
    }
    keeper.forget();
  };
}

interface Keeper {
  /** Does what is due. Answers after how many milliseconds something may be due again. */
  look(signal: AbortSignal): Promise<number>;
  watchFailed(error: Error): void;
  forget(): void;
}

function createKeeper(options: KeeperOptions): Keeper {
  const { log, elapsed } = options;
  const alarms = createAlarms(options);
  const readBack = createReadBack();
  const once = async (): Promise<Step> => {
    // In this order: a patch holds only for the configuration read here, so a bundle that is read after it cannot be
    // older than what another controller has written into it.
    const asked = elapsed();
    const configuration = await readConfiguration(options);
    const secret = await readSecret(options);
    readBack.observe(configuration, elapsed());
    const state = secret === undefined || secret === 'foreign' ? undefined : parseCaState(secret);
    alarms.tell({ configuration, secret, state });
    if (secret === undefined || secret === 'foreign' || state === undefined) return later;
    const step = stepFor(options, { state, configuration, asked, since: readBack.since });
    await perform(options, step, { secret, configuration });
    return step;
  };
  return {
    async look(signal) {
      try {
        for (let steps = 0; steps < stepsAtOnce && !signal.aborted; steps++) {
          const step = await once();
          if (step.kind === 'wait') {
            alarms.settled();
            return step.milliseconds;
          }
        }
        if (!signal.aborted) alarms.failed('somebody changes Secret or configuration as fast as they are repaired');
      } catch (thrown) {
        alarms.failed(messageOf(thrown));
      }
      return lookMilliseconds / 2;
    },
    watchFailed: (error) => log.debug({ reason: error.message }, 'watch of certificates interrupted'),
    forget: alarms.forget,
  };
}

interface Readings {
  readonly state: CaState;
  readonly configuration: WebhookState | undefined;
  /** When the configuration was asked for: what it was later is not known. */
  readonly asked: number;
  since(certificate: string): number | undefined;
}

function stepFor({ now, times }: KeeperOptions, { state, configuration, asked, since }: Readings): Step {
  const sinces = state.bundle.map((certificate) => since(certificate));
  const latest = sinces.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)), 0);
  const heldFor = latest === undefined ? undefined : asked - latest;
  return nextStep({ state, entries: configuration?.entries ?? [], heldFor, now: now(), times });
}

interface Written {
  readonly secret: CaSecret;
  readonly configuration: WebhookState | undefined;
}

async function perform(options: KeeperOptions, step: Step, { secret, configuration }: Written): Promise<void> {
  if (step.kind === 'wait') return;
  if (step.kind === 'trust') {
    if (configuration !== undefined) await writeBundle(options, configuration, step.bundle);
    return;
  }
  const content = step.kind === 'write' ? step.content : step.with(await newAuthority(options));
  // What is kept in the bundle was read before the Secret: a controller that was suspended in between must not write
  // whom the API servers trusted then.
  const again = await readConfiguration(options);
  if (again?.resourceVersion !== configuration?.resourceVersion) return;
  await writeSecret(options, secret, { reason: step.reason, content });
}

function newAuthority({ now, times }: KeeperOptions): Promise<KeyPair> {
  const at = now();
  return issueAuthority({ now: at, notAfter: new Date(at.getTime() + times.caLifetime) });
}

interface Change {
  readonly reason: string;
  readonly content: CaContent;
  /** How often it has been written because the answer was slow. */
  readonly again?: number;
}

/** An API server that is always slow is no machine that was suspended once: dating must not keep us writing for ever. */
const mostDatings = 3;

async function writeSecret(options: KeeperOptions, secret: CaSecret, change: Change): Promise<void> {
  const { reason, content, again = 0 } = change;
  const { client, objects, log, elapsed } = options;
  const path = `${pathOf(secretOf(objects))}?${manager}`;
  const sent = elapsed();
  const answer = await client.request({ method: 'PUT', path, body: formatCaSecret(secret, content, options.now()) });
  if (overtaken(answer)) return;
  if (answer.status !== 200) throw refusal(`update the Secret ${objects.namespace}/${objects.caSecret}`, answer);
  const { phase, bundle } = content;
  log.info({ secret: objects.caSecret, reason, phase, authorities: bundle.length }, 'CA written');
  // The phase says that it began when it was sent. Where that is not when it took effect (a machine that was suspended
  // meanwhile), it would end too early for replicas that learn of it late.
  const slow = elapsed() - sent > slowMilliseconds && again < mostDatings;
  const written = slow ? parseCaSecret(answer.body) : undefined;
  if (written !== undefined) await writeSecret(options, written, { reason: 'dated again', content, again: again + 1 });
}

async function writeBundle(options: KeeperOptions, live: WebhookState, bundle: readonly string[]): Promise<void> {
  const { client, objects, log } = options;
  const answer = await client.request({
    method: 'PATCH',
    path: `${pathOf(configurationOf(objects))}?${manager}`,
    body: bundlePatch(live, bundle),
    contentType: 'application/json-patch+json',
  });
  if (overtaken(answer)) return;
  const what = `patch the webhook configuration ${objects.webhookConfiguration}`;
  // A test of the patch failed: somebody changed the configuration meanwhile. Or it is refused for good; then the steps
  // at once run out, and it is tried again later.
  if (answer.status === 422) log.debug({ reason: reasonOf(answer.body) }, 'patch of the caBundle refused');
  else if (answer.status !== 200) throw refusal(what, answer);
  else log.info({ configuration: objects.webhookConfiguration, authorities: bundle.length }, 'caBundle written');
}

/** Somebody was faster, or the object is gone: read again. */
function overtaken({ status }: ClusterAnswer): boolean {
  return status === 409 || status === 404;
}

async function readConfiguration({ client, objects }: KeeperOptions): Promise<WebhookState | undefined> {
  const object = await readObject(client, configurationOf(objects));
  return object === undefined ? undefined : parseWebhookState(object);
}

async function readSecret({ client, objects }: KeeperOptions): Promise<Found['secret']> {
  const object = await readObject(client, secretOf(objects));
  return object === undefined ? undefined : (parseCaSecret(object) ?? 'foreign');
}
