import { isDeepStrictEqual } from 'node:util';
import { SekishoError } from '../core/error.ts';
import type { Mode } from '../core/policy/mode.ts';
import type { PodPolicy } from '../core/policy/pod-policy.ts';
import { createPolicySet, type PolicySet } from '../core/policy/policy-set.ts';
import type { PolicyProblem, PolicyReading, Remainder } from '../io/files/policy-reading.ts';
import { watchPolicies } from '../io/files/policy-watch.ts';
import type { Logger } from '../io/log.ts';
import type { Metrics } from '../io/metrics.ts';
import type { ServeOptions } from './serve.ts';

/** The policies of a process that serves; they change under it. */
export interface PolicySource {
  /** Read once for each request: whoever reads it twice may find two sets. */
  readonly policies: PolicySet;
  /** Of all that hold. */
  names(): readonly string[];
}

interface Surroundings {
  readonly ceiling: Mode;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Reads what `--policy` names, and goes on reading it. Throws where `watchPolicies` does. */
export async function openPolicies(options: ServeOptions, around: Surroundings): Promise<PolicySource> {
  const { ceiling, log, metrics } = around;
  const report = reportProblems(log);
  const watch = await watchPolicies(policySources(options), {
    read(reading) {
      metrics.setPolicies(inStates(reading));
      report(reading.problems);
      const next = inForce(reading);
      if (isDeepStrictEqual(inOrder(next), inOrder(holding))) return;
      // One assignment, and the whole set is another: a request that has begun ends with the one it began with.
      source.policies = createPolicySet({ ...next, ceiling });
      holding = next;
      log.info({ policies: source.names() }, 'policies replaced');
    },
    failed(error) {
      metrics.setPolicies({ ...inStates(watch.reading), unreadable: 1 });
      log.error({ reason: error.message }, 'policies cannot be read, the last good ones stay');
    },
    warn: (warning) => log.warn({ warning }, 'document left out'),
  });
  let holding = inForce(watch.reading);
  const source = {
    policies: createPolicySet({ ...holding, ceiling }),
    names: () => [...holding.policies, ...holding.unread].map(({ metadata }) => metadata.name),
  };
  metrics.setPolicies(inStates(watch.reading));
  report(watch.reading.problems);
  return source;
}

interface InForce {
  readonly policies: readonly PodPolicy[];
  readonly unread: readonly PodPolicy[];
}

function inForce({ ready, kept, unread }: PolicyReading): InForce {
  return { policies: [...ready, ...kept].map(({ policy }) => policy), unread };
}

/** By name: one that is kept stands elsewhere in a reading, and is the same. */
function inOrder({ policies, unread }: InForce): readonly (readonly PodPolicy[])[] {
  const byName = (a: PodPolicy, b: PodPolicy) => (a.metadata.name < b.metadata.name ? -1 : 1);
  return [policies.toSorted(byName), unread.toSorted(byName)];
}

function inStates({ ready, kept, unread, problems }: PolicyReading) {
  return {
    ready: ready.map(({ policy }) => policy),
    broken: [...kept.map(({ policy }) => policy), ...unread],
    unreadable: problems.filter(({ remainder }) => remainder === 'leftOut').length,
  };
}

const consequences: Readonly<Record<Remainder, string>> = {
  kept: 'policy cannot be used, the last good version stays',
  unread: 'policy cannot be used, what it matches gets a finding',
  leftOut: 'policy cannot be used, left out',
};

/** Each once, until it is gone and comes back: a broken file is read every second. */
function reportProblems(log: Logger): (problems: readonly PolicyProblem[]) => void {
  let told = new Set<string>();
  return (problems) => {
    const now = new Set<string>();
    for (const { reason, remainder, policies } of problems) {
      const key = `${remainder} ${reason}`;
      if (!told.has(key)) log.error({ reason, policies }, consequences[remainder]);
      now.add(key);
    }
    told = now;
  };
}

function policySources({ policy = [], dev }: ServeOptions): readonly string[] {
  if (policy.length > 0) return policy;
  if (dev) return ['builtin:restricted'];
  throw new SekishoError(
    'UsageInvalid',
    'no policy: add --policy FILE, --policy FOLDER or --policy builtin:restricted',
  );
}
