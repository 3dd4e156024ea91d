import type { CertificateMetrics, WebhookEntries } from '../certificate-metrics.ts';
import type { Logger } from '../log.ts';
import { encodeBundle, missingEntries, type WebhookState } from './ca-bundle.ts';
import type { CaSecret, CaState } from './ca-secret.ts';
import type { CertificateObjects } from './objects.ts';

export interface AlarmOptions {
  readonly objects: CertificateObjects;
  readonly log: Logger;
  readonly metrics: Pick<CertificateMetrics, 'setCertificateExpiry' | 'setWebhookEntries'>;
  elapsed(): number;
}

/** What a look found. */
export interface Found {
  readonly configuration: WebhookState | undefined;
  /** Undefined where there is none; `foreign` where it is not ours to touch. */
  readonly secret: CaSecret | 'foreign' | undefined;
  readonly state: CaState | undefined;
}

/** What the controller says of certificates: each state once when it begins, and once when it is over. */
export interface Alarms {
  tell(found: Found): void;
  failed(reason: string): void;
  settled(): void;
  /** Somebody else says it from now on. */
  forget(): void;
}

/** The chart's objects come one after another: what has never been there is only missed after a while. */
const graceMilliseconds = 10_000;

const remedy =
  'the controller never recreates it; apply the chart again (helm upgrade) if it was not deleted on purpose';

export function createAlarms({ objects, log, metrics, elapsed }: AlarmOptions): Alarms {
  const missed = createMissed(elapsed);
  const failures = createLatch();
  const damage = createLatch();
  const { webhookConfiguration: configuration, caSecret: secret } = objects;
  const tellMissing = ({ configuration: live, secret: found }: Found): void => {
    missed('configuration', live === undefined, () => {
      log.error({ configuration, remedy }, 'webhook configuration missing');
    });
    const missing = live === undefined ? [] : missingEntries(live, objects.webhookEntries);
    for (const entry of objects.webhookEntries) {
      missed(entry, missing.includes(entry), () => {
        log.error({ configuration, entry, remedy }, 'webhook entry missing');
      });
    }
    missed('secret', found === undefined, () => log.error({ secret, remedy }, 'CA Secret missing'));
    missed('label', found === 'foreign', () => {
      log.error({ secret, label: 'sekisho.dev/component: ca' }, 'CA Secret without our label, left alone');
    });
  };
  return {
    tell(found) {
      tellMissing(found);
      metrics.setWebhookEntries(countEntries(found, objects.webhookEntries));
      metrics.setCertificateExpiry('ca', found.state?.signing?.notAfter);
      metrics.setCertificateExpiry('ca-next', found.state?.next?.notAfter);
      const problems = found.state?.problems ?? [];
      if (damage(problems.join('; ')) && problems.length > 0) log.error({ secret, problems }, 'CA Secret damaged');
    },
    failed(reason) {
      if (failures(reason)) log.error({ reason }, 'certificates cannot be kept, trying again');
    },
    settled() {
      if (failures('')) log.info('certificates are kept again');
    },
    forget() {
      metrics.setWebhookEntries(undefined);
      metrics.setCertificateExpiry('ca', undefined);
      metrics.setCertificateExpiry('ca-next', undefined);
    },
  };
}

/** Whether a text is another than the last one. The first is compared with nothing to say. */
function createLatch(): (text: string) => boolean {
  let last = '';
  return (text) => {
    const news = text !== last;
    last = text;
    return news;
  };
}

interface Absence {
  readonly since: number;
  readonly alarmed: boolean;
}

/** Calls the alarm once for each time that something goes missing. */
function createMissed(elapsed: () => number) {
  const seen = new Set<string>();
  const absences = new Map<string, Absence>();
  return (what: string, missing: boolean, alarm: () => void): void => {
    if (!missing) {
      seen.add(what);
      absences.delete(what);
      return;
    }
    const { since, alarmed } = absences.get(what) ?? { since: elapsed(), alarmed: false };
    const due = seen.has(what) || elapsed() - since >= graceMilliseconds;
    if (due && !alarmed) alarm();
    absences.set(what, { since, alarmed: due });
  };
}

function countEntries({ configuration, state }: Found, expected: readonly string[]): WebhookEntries {
  const entries = configuration?.entries ?? [];
  const missing = missingEntries(configuration, expected);
  const wanted = state === undefined ? undefined : encodeBundle(state.bundle);
  const ok = entries.filter(({ caBundle }) => (wanted === undefined ? caBundle !== '' : caBundle === wanted)).length;
  return { ok, missing: missing.length, mismatched: entries.length - ok };
}
