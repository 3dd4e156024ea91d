import type { WebhookState } from './ca-bundle.ts';

/** Since when a certificate stood in every version of the live configuration. */
export interface ReadBack {
  /** Undefined where there is no configuration. Times are milliseconds of one clock. */
  observe(configuration: WebhookState | undefined, at: number): void;
  /** The beginning of the time in which no version lacked it; undefined when the last one did. */
  since(certificate: string): number | undefined;
}

/**
 * By the configuration's generation, which the API server counts up whenever its webhooks change: two readings of
 * neighbouring generations had none between them, so no watch has to be trusted to have told everything.
 */
export function createReadBack(): ReadBack {
  let held = new Map<string, number>();
  let last: WebhookState | undefined;
  return {
    observe(configuration, at) {
      if (!adjoins(last, configuration)) held = new Map();
      last = configuration;
      held = new Map(trustedEverywhere(configuration).map((certificate) => [certificate, held.get(certificate) ?? at]));
    },
    since: (certificate) => held.get(certificate),
  };
}

function adjoins(before: WebhookState | undefined, after: WebhookState | undefined): boolean {
  if (before === undefined || after === undefined || before.uid !== after.uid) return false;
  // Smaller: an event of a watch that is older than the last reading.
  return after.generation === before.generation || after.generation === before.generation + 1;
}

/** What every entry trusts. A configuration without entries trusts nobody: whoever waits for trust goes on waiting. */
function trustedEverywhere(configuration: WebhookState | undefined): readonly string[] {
  const [first, ...others] = configuration?.entries ?? [];
  if (first === undefined) return [];
  return first.certificates.filter((pem) => others.every(({ certificates }) => certificates.includes(pem)));
}
