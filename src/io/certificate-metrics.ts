import { Counter, Gauge, type Registry } from 'prom-client';

export type CertificateKind = 'serving' | 'ca' | 'ca-next';

/** How many entries of the live webhook configuration are in which state. */
export interface WebhookEntries {
  readonly ok: number;
  /** Expected, and not there. */
  readonly missing: number;
  /** There, and without the certificates that it ought to trust. */
  readonly mismatched: number;
}

/** What a process says of certificates, its own and those that the API servers trust. */
export interface CertificateMetrics {
  /** Undefined: there is no such certificate any more. */
  setCertificateExpiry(kind: CertificateKind, notAfter: Date | undefined): void;
  certificateReloadFailed(): void;
  /** Undefined: this process no longer knows. */
  setWebhookEntries(entries: WebhookEntries | undefined): void;
}

export function createCertificateMetrics(registry: Registry): CertificateMetrics {
  const registers = [registry];
  const expiry = new Gauge({
    name: 'sekisho_certificate_expiry_timestamp_seconds',
    help: 'When the certificate in use expires.',
    labelNames: ['kind'],
    registers,
  });
  const reloadFailures = new Counter({
    name: 'sekisho_certificate_reload_failures_total',
    help: 'Changes of the certificate files or of the CA that could not be served; the last good pair stayed.',
    registers,
  });
  const entries = new Gauge({
    name: 'sekisho_webhook_entries',
    help: 'Entries of the live webhook configuration.',
    labelNames: ['state'],
    registers,
  });
  return {
    setCertificateExpiry(kind, notAfter) {
      if (notAfter === undefined) expiry.remove({ kind });
      else expiry.set({ kind }, notAfter.getTime() / 1_000);
    },
    certificateReloadFailed: () => reloadFailures.inc(),
    setWebhookEntries(counts) {
      if (counts === undefined) entries.reset();
      else for (const [state, count] of Object.entries(counts)) entries.set({ state }, count);
    },
  };
}
