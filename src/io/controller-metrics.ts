import { Gauge, type Registry } from 'prom-client';
import { type CertificateMetrics, createCertificateMetrics } from './certificate-metrics.ts';
import { createRegistry } from './process-metrics.ts';

/** What the leader says of the paths to a pod. */
export interface CoverageMetrics {
  /** `unknown` has no sample: neither 1 nor 0 would be true. */
  setCoverage(path: string, state: 'covered' | 'open' | 'unknown'): void;
  /** Somebody else says it from now on. */
  forgetCoverage(): void;
}

export interface ControllerMetrics extends CoverageMetrics, CertificateMetrics {
  readonly registry: Registry;
  setLeading(leading: boolean): void;
}

/** Those of `sekisho controller`. */
export function createControllerMetrics(version: string): ControllerMetrics {
  const registry = createRegistry(version);
  const registers = [registry];
  const leader = new Gauge({ name: 'sekisho_leader', help: 'Whether this process leads: 0 or 1.', registers });
  const coverage = new Gauge({
    name: 'sekisho_coverage',
    help: 'Whether Sekisho is asked about what reaches pods by this path: 0 or 1. Only the leader knows.',
    labelNames: ['path'],
    registers,
  });
  return {
    registry,
    ...createCertificateMetrics(registry),
    setLeading: (leading) => leader.set(leading ? 1 : 0),
    setCoverage(path, state) {
      if (state === 'unknown') coverage.remove({ path });
      else coverage.set({ path }, state === 'covered' ? 1 : 0);
    },
    forgetCoverage: () => coverage.reset(),
  };
}
