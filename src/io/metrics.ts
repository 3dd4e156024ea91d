import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Finding } from '../core/engine/decision.ts';
import { workloads } from '../core/pod/workload.ts';
import { kinds } from '../core/policy/kinds.ts';
import type { Mode } from '../core/policy/mode.ts';
import type { PodPolicy } from '../core/policy/pod-policy.ts';
import { type CertificateMetrics, createCertificateMetrics } from './certificate-metrics.ts';
import { createRegistry } from './process-metrics.ts';

/** What is counted of one request. */
export interface AdmissionSample {
  readonly operation: string;
  readonly resource: string;
  readonly subresource: string;
  readonly decision: 'allow' | 'deny' | 'error';
  readonly dryRun: boolean;
  readonly seconds: number;
}

/** What the webhook counts. */
export interface Metrics extends CertificateMetrics {
  readonly registry: Registry;
  admitted(sample: AdmissionSample): void;
  found(findings: readonly Finding[]): void;
  shed(): void;
  connectionEvicted(): void;
  /** Asked when somebody reads the metrics. */
  watchConnections(count: () => number): void;
  setPolicies(states: PolicyStates): void;
  /** Whether a collection of the cluster is followed; while it is not, what was known last is used. */
  setFollowed(resource: string, followed: boolean): void;
}

/** The policies of the sources, by whether their documents can be used. */
export interface PolicyStates {
  readonly ready: readonly PodPolicy[];
  /** Another version than the document's holds, or nothing but the name, mode and match of it. */
  readonly broken: readonly PodPolicy[];
  /** So many are left out, and nobody knows their mode. */
  readonly unreadable: number;
}

/** Read when somebody asks, so that a request costs nothing for them. */
export interface MetricSources {
  readonly version: string;
  inflight(): number;
}

/** Above this many policies the label says "other": every series is kept by the server that scrapes us. */
const policiesNamed = 50;

/** The plural names of the kinds that we are asked about. Any other is "other": whoever calls chooses the name. */
const resources: ReadonlySet<string> = new Set([
  ...workloads.map(({ resource }) => resource),
  'namespaces',
  ...kinds.map(({ plural }) => plural),
]);

const subresources: ReadonlySet<string> = new Set(['', 'scale', 'status']);
const podSubresources: ReadonlySet<string> = new Set([...subresources, 'ephemeralcontainers', 'resize']);

/**
 * The webhook is asked about these alone. Whoever else calls could otherwise have a series made for every combination
 * of labels that exists nowhere, and two thirds of all series would be theirs.
 */
const askedOperations: ReadonlySet<string> = new Set(['CREATE', 'UPDATE']);

/** What a sample is counted as: labels that an API server's requests have, or "other". */
function labelsOf({ operation, resource, subresource }: AdmissionSample) {
  if (!askedOperations.has(operation)) return { operation: 'other', resource: 'other', subresource: 'other' };
  const known = resource === 'pods' ? podSubresources : subresources;
  return {
    operation,
    resource: resources.has(resource) ? resource : 'other',
    subresource: known.has(subresource) ? subresource : 'other',
  };
}

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics({ version, inflight }: MetricSources): Metrics {
  const registry = createRegistry(version);
  return {
    registry,
    admitted: admissionMetrics(registry),
    found: findingMetrics(registry),
    setFollowed: watchMetrics(registry),
    ...loadMetrics(registry, inflight),
    ...createCertificateMetrics(registry),
  };
}

/** One series: prom-client looks its labels up at every `inc`, so we count here and hand over when we are scraped. */
interface Tally {
  readonly labels: Record<string, string>;
  count: number;
}

interface Child {
  readonly tally: Tally;
  readonly duration: Histogram.Internal<string>;
}

function collectTallies(counter: Counter, tallies: Iterable<Tally>): void {
  counter.reset();
  for (const { labels, count } of tallies) counter.inc(labels, count);
}

/** One child for each combination of labels; all labels are bounded, so the memory is too. */
function admissionMetrics(registry: Registry): Metrics['admitted'] {
  const children = new Map<string, Child>();
  new Counter({
    name: 'sekisho_admission_requests_total',
    help: 'Admission requests answered.',
    labelNames: ['operation', 'resource', 'subresource', 'decision', 'dry_run'],
    registers: [registry],
    collect() {
      collectTallies(
        this,
        [...children.values()].map(({ tally }) => tally),
      );
    },
  });
  const duration = new Histogram({
    name: 'sekisho_admission_duration_seconds',
    help: 'Time from a complete admission request to its answer.',
    labelNames: ['operation', 'resource', 'decision'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const bind = ({ operation, resource, subresource, decision, dryRun }: AdmissionSample): Child => ({
    tally: { labels: { operation, resource, subresource, decision, dry_run: String(dryRun) }, count: 0 },
    duration: duration.labels(operation, resource, decision),
  });
  return (sample) => {
    const labels = labelsOf(sample);
    const key = `${labels.operation} ${labels.resource} ${labels.subresource} ${sample.decision} ${sample.dryRun}`;
    let child = children.get(key);
    if (child === undefined) {
      child = bind({ ...sample, ...labels });
      children.set(key, child);
    }
    child.tally.count++;
    child.duration.observe(sample.seconds);
  };
}

function findingMetrics(registry: Registry): Metrics['found'] {
  /** By policy, then by rule and mode: no key is put together on the way. */
  const tallies = new Map<string, Map<string, Record<Mode, Tally>>>();
  new Counter({
    name: 'sekisho_findings_total',
    help: 'Violations found that no exception excuses, by the policy that minds them.',
    labelNames: ['policy', 'rule', 'mode'],
    registers: [registry],
    collect() {
      const all = [...tallies.values()]
        .flatMap((rules) => [...rules.values()])
        .flatMap((byMode) => Object.values(byMode));
      collectTallies(
        this,
        all.filter(({ count }) => count > 0),
      );
    },
  });
  return (findings) => {
    for (const { policy: name, rule, mode, exception } of findings) {
      if (exception !== undefined) continue;
      const policy = tallies.has(name) || tallies.size < policiesNamed ? name : 'other';
      let rules = tallies.get(policy);
      if (rules === undefined) {
        rules = new Map();
        tallies.set(policy, rules);
      }
      let byMode = rules.get(rule.id);
      if (byMode === undefined) {
        byMode = newTallies(policy, rule.id);
        rules.set(rule.id, byMode);
      }
      byMode[mode].count++;
    }
  };
}

function newTallies(policy: string, rule: string): Record<Mode, Tally> {
  const tally = (mode: Mode): Tally => ({ labels: { policy, rule, mode }, count: 0 });
  return { Enforce: tally('Enforce'), Warn: tally('Warn'), Audit: tally('Audit') };
}

function watchMetrics(registry: Registry): Metrics['setFollowed'] {
  const followed = new Gauge({
    name: 'sekisho_watch_following',
    help: 'Whether a collection of the cluster is followed: 0 while what was known last is used.',
    labelNames: ['resource'],
    registers: [registry],
  });
  return (resource, now) => followed.set({ resource }, now ? 1 : 0);
}

type LoadMetrics = Omit<Metrics, 'registry' | 'admitted' | 'found' | 'setFollowed' | keyof CertificateMetrics>;

function loadMetrics(registry: Registry, inflight: MetricSources['inflight']): LoadMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  new Gauge({
    name: 'sekisho_admission_inflight',
    help: 'Admission requests received in part or whole and not yet answered.',
    registers,
    collect() {
      this.set(inflight());
    },
  });
  const shed = counter('sekisho_admission_shed_total', 'Requests refused because too many were in flight.');
  const evicted = counter(
    'sekisho_connections_evicted_total',
    'Connections ended because too many were open; the address that held most of them paid.',
  );
  const policies = gauge(
    'sekisho_policies',
    'Policies of the sources; not ready: another version holds than stands there, or none.',
    ['mode', 'ready'],
  );
  return {
    shed: () => shed.inc(),
    connectionEvicted: () => evicted.inc(),
    watchConnections(count) {
      new Gauge({
        name: 'sekisho_connections',
        help: 'Connections to the webhook, shaking hands, idle or busy.',
        registers,
        collect() {
          this.set(count());
        },
      });
    },
    setPolicies({ ready, broken, unreadable }) {
      policies.reset();
      for (const { spec } of ready) policies.inc({ mode: spec.mode, ready: 'true' });
      for (const { spec } of broken) policies.inc({ mode: spec.mode, ready: 'false' });
      if (unreadable > 0) policies.set({ mode: 'unknown', ready: 'false' }, unreadable);
    },
  };
}
