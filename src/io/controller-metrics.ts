import { Gauge, type Registry } from 'prom-client';
import { type ExceptionState, exceptionStates } from '../core/policy/exception-state.ts';
import { type CertificateMetrics, createCertificateMetrics } from './certificate-metrics.ts';
import { createRegistry } from './process-metrics.ts';

/** What the leader says of the paths to a pod. */
export interface CoverageMetrics {
  /** `unknown` has no sample: neither 1 nor 0 would be true. */
  setCoverage(path: string, state: 'covered' | 'open' | 'unknown'): void;
  /** Somebody else says it from now on. */
  forgetCoverage(): void;
}

/** What the leader says of exceptions. */
export interface StatusMetrics {
  setExceptions(states: readonly ExceptionState[]): void;
  /** Somebody else says it from now on. */
  forgetStatus(): void;
}

/** What the controller counts. */
export interface ControllerMetrics extends CoverageMetrics, CertificateMetrics, StatusMetrics {
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
    ...statusMetrics(registry),
    setLeading: (leading) => leader.set(leading ? 1 : 0),
    setCoverage(path, state) {
      if (state === 'unknown') coverage.remove({ path });
      else coverage.set({ path }, state === 'covered' ? 1 : 0);
    },
    forgetCoverage: () => coverage.reset(),
  };
}

function statusMetrics(registry: Registry): StatusMetrics {
  const registers = [registry];
  const exceptions = new Gauge({
    name: 'sekisho_exceptions',
    help: 'Exceptions, by what becomes of them; expiring ones end within seven days. Only the leader knows.',
    labelNames: ['state'],
    registers,
  });
  return {
    setExceptions(states) {
      for (const state of exceptionStates) exceptions.set({ state }, 0);
      for (const state of states) exceptions.inc({ state });
    },
    forgetStatus: () => exceptions.reset(),
  };
}
