import { messageOf } from '../../core/error.ts';
import type { CertificateMetrics } from '../certificate-metrics.ts';
import { missingEntries, parseWebhookState, type WebhookState } from './ca-bundle.ts';
import type { CertificateObjects } from './objects.ts';
import { createReadBack } from './read-back.ts';

/** The live configuration as one replica sees it, late or not. */
export interface ConfigurationView {
  seen(object: unknown): void;
  /** For how long (ms) every entry has trusted the CA; undefined: not now. */
  trustedFor(authority: string): number | undefined;
  /**
   * Why the API servers may not trust a leaf of this CA; undefined when they do. Once they did it is never asked again:
   * a replica that serves must not be taken out because of a configuration that it cannot change.
   */
  objection(authority: string): string | undefined;
  /** Counts the entries that do not trust it. */
  report(authority: string): void;
}

/** So long a configuration is waited for that does not exist: an operator may have deleted it on purpose. */
const absenceMilliseconds = 60_000;

export interface ConfigurationViewOptions {
  readonly objects: Pick<CertificateObjects, 'webhookEntries'>;
  readonly metrics: Pick<CertificateMetrics, 'setWebhookEntries'>;
  elapsed(): number;
}

export function createConfigurationView({ objects, elapsed, metrics }: ConfigurationViewOptions): ConfigurationView {
  const readBack = createReadBack();
  let read = false;
  let problem: string | undefined;
  let live: WebhookState | undefined;
  let absentSince: number | undefined;
  let passed = false;
  const objectionNow = (authority: string): string | undefined => {
    if (!read) return 'the webhook configuration has not been read yet';
    if (problem !== undefined) return problem;
    if (absentSince !== undefined) {
      return elapsed() - absentSince >= absenceMilliseconds
        ? undefined
        : 'the webhook configuration does not exist yet';
    }
    return distrusting(live, authority) === 0
      ? undefined
      : 'the webhook configuration does not trust our certificate yet';
  };
  return {
    seen(object) {
      read = true;
      [live, problem] = stateOf(object);
      readBack.observe(live, elapsed());
      // One without entries of ours makes nobody call us either.
      if (problem !== undefined || (live?.entries.length ?? 0) > 0) absentSince = undefined;
      else absentSince ??= elapsed();
    },
    trustedFor(authority) {
      const since = readBack.since(authority);
      return since === undefined ? undefined : elapsed() - since;
    },
    objection(authority) {
      const objection = passed ? undefined : objectionNow(authority);
      passed ||= objection === undefined;
      return objection;
    },
    report(authority) {
      if (!read) return;
      const wrong = distrusting(live, authority);
      const missing = missingEntries(live, objects.webhookEntries).length;
      metrics.setWebhookEntries({ ok: (live?.entries.length ?? 0) - wrong, missing, mismatched: wrong });
    },
  };
}

function stateOf(object: unknown): [WebhookState | undefined, string | undefined] {
  if (object === undefined) return [undefined, undefined];
  try {
    return [parseWebhookState(object), undefined];
  } catch (thrown) {
    return [undefined, messageOf(thrown)];
  }
}

/** How many entries do not trust the CA. */
function distrusting(live: WebhookState | undefined, authority: string): number {
  return (live?.entries ?? []).filter(({ certificates }) => !certificates.includes(authority)).length;
}
