import { isDeepStrictEqual } from 'node:util';
import { SekishoError } from '../core/error.ts';
import { isException, isPolicy, type OwnKind, type OwnObject } from '../core/policy/own-object.ts';
import {
  type MergedReading,
  mergeReadings,
  nothingRead,
  type PolicyReading,
  type SourcedObject,
} from '../core/policy/policy-reading.ts';
import { createPolicySet, type PolicySet, type PolicySetOptions } from '../core/policy/policy-set.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import { watchPolicies } from '../io/files/policy-watch.ts';
import type { Logger } from '../io/log.ts';
import type { Metrics, PolicyStates } from '../io/metrics.ts';
import { reportIdleExceptions } from './idle-exceptions.ts';
import { reportProblems } from './policy-problems.ts';
import type { ServeOptions } from './serve.ts';

/** The policies of a process that serves; they change under it. */
export interface PolicySource {
  /** Read once for each request: whoever reads it twice may find two sets. */
  readonly policies: PolicySet;
  /** Resolves when every source was read once; nobody may be judged before. */
  readonly first: Promise<unknown>;
  /** Whether a file or a built-in policy bears a name: what the cluster has of that name is not used. */
  isTaken(kind: OwnKind, name: string): boolean;
  /** What holds, for the log. */
  summary(): PolicySummary;
  /** Why the API server must not be sent here; undefined when it may, and from then on for ever. */
  unreadiness(): string | undefined;
}

/** The policies as a line of the log names them. */
export interface PolicySummary {
  /** The first names. */
  readonly policies: readonly string[];
  /** So many more. */
  readonly more?: number;
  readonly exceptions?: number;
}

/** What reading policies takes beside their files. */
export interface PolicySurroundings extends Pick<PolicySetOptions, 'ceiling' | 'maxExceptionDuration'> {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Of the cluster whose policies apply too. */
  readonly client?: ClusterClient | undefined;
}

/** Reads what `--policy` names and what the cluster has, and goes on reading it. Throws where `watchPolicies` does. */
export async function openPolicies(options: ServeOptions, around: PolicySurroundings): Promise<PolicySource> {
  const { log, metrics, client } = around;
  const holding = createHolding(around);
  const files = await watchPolicies(
    policySources(options, client),
    {
      read: (files) => holding.take({ files, filesReadable: true }),
      failed(error) {
        holding.take({ filesReadable: false });
        log.error({ reason: error.message }, 'policies cannot be read, the last good ones stay');
      },
      warn: (warning) => log.warn({ warning }, 'document left out'),
    },
    { alone: client === undefined },
  );
  holding.take({ files: files.reading });
  if (client === undefined) return Object.assign(holding, { first: Promise.resolve(), unreadiness: () => undefined });
  const { watchClusterPolicies } = await import('../io/cluster/cluster-policies.ts');
  const update = (): void => holding.take({ cluster: cluster.reading });
  const cluster = watchClusterPolicies({ log, metrics, client, changed: soon(update) });
  let listed = false;
  const first = cluster.first.then(() => {
    update();
    listed = true;
  });
  return Object.assign(holding, {
    first,
    unreadiness: () => (listed ? undefined : 'the policies of the cluster were not listed yet'),
  });
}

/** Whether a policy guards the labels of namespaces. */
export function hasGuard({ policies }: PolicySet): boolean {
  return policies.some(({ spec }) => spec.podSecurity?.labelGuard !== undefined);
}

/** Milliseconds. Whoever applies a thousand policies makes a thousand changes, and each set is bound anew. */
const gathering = 200;

/** Calls once for all that is asked within a moment. */
function soon(call: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      call();
    }, gathering);
  };
}

/** What the sources said last. */
interface Readings {
  readonly files: PolicyReading;
  readonly filesReadable: boolean;
  readonly cluster: PolicyReading;
}

interface Holding extends Pick<PolicySource, 'summary' | 'isTaken'> {
  policies: PolicySet;
  take(news: Partial<Readings>): void;
}

/** What holds now, and how it is replaced. */
function createHolding({ log, metrics, client, ceiling, maxExceptionDuration }: PolicySurroundings): Holding {
  const report = reportProblems(log);
  const reportIdle = reportIdleExceptions(log);
  const setOf = (objects: InForce): PolicySet =>
    createPolicySet({ ...objects, ceiling, ...(maxExceptionDuration !== undefined && { maxExceptionDuration }) });
  let readings: Readings = { files: nothingRead, filesReadable: true, cluster: nothingRead };
  let inForce: InForce | undefined;
  const holding: Holding = {
    policies: setOf(nothing),
    isTaken(kind, name) {
      const { ready, kept, unread } = readings.files;
      const objects = [...[...ready, ...kept].map(({ object }) => object), ...unread];
      return objects.some((object) => object.kind === kind && object.metadata.name === name);
    },
    summary: () => summaryOf(inForce ?? nothing),
    take(news) {
      readings = { ...readings, ...news };
      const reading = mergeReadings(readings.files, readings.cluster);
      metrics.setPolicies(statesOf(reading, readings.filesReadable));
      report(reading.problems);
      const next = inForceBy(reading);
      if (inForce !== undefined && isDeepStrictEqual(inOrder(next), inOrder(inForce))) return;
      // One assignment, and the whole set is another: a request that has begun ends with the one it began with.
      holding.policies = setOf(next);
      // Before a cluster was listed nobody knows which policies there are.
      const listed = client === undefined || readings.cluster !== nothingRead;
      if (listed) reportIdle(next, { now: Date.now(), maxDuration: maxExceptionDuration });
      if (inForce !== undefined) log.info(summaryOf(next), 'policies replaced');
      inForce = next;
    },
  };
  return holding;
}

type InForce = Pick<PolicySetOptions, 'policies'> & Required<Pick<PolicySetOptions, 'exceptions' | 'unread'>>;

const nothing: InForce = { policies: [], exceptions: [], unread: [] };

function inForceBy({ ready, kept, unread }: PolicyReading): InForce {
  const objects = [...ready, ...kept].map(({ object }) => object);
  return { policies: objects.filter(isPolicy), exceptions: objects.filter(isException), unread };
}

/** By name: one that is kept stands elsewhere in a reading, and is the same. */
function inOrder({ policies, exceptions, unread }: InForce): readonly (readonly OwnObject[])[] {
  const byName = (a: OwnObject, b: OwnObject) => (a.metadata.name < b.metadata.name ? -1 : 1);
  return [policies.toSorted(byName), exceptions.toSorted(byName), unread.toSorted(byName)];
}

function statesOf({ ready, kept, unread, taken, problems }: MergedReading, filesReadable: boolean): PolicyStates {
  const policiesOf = (sourced: readonly SourcedObject[]) => sourced.map(({ object }) => object).filter(isPolicy);
  const leftOut = problems.filter(({ kind, remainder }) => kind === 'PodPolicy' && remainder === 'leftOut').length;
  return {
    ready: policiesOf(ready),
    broken: [...policiesOf([...kept, ...taken]), ...unread],
    unreadable: filesReadable ? leftOut : 1,
  };
}

/** As many names as a line of the log has room for. */
const namesTold = 50;

function summaryOf({ policies, exceptions, unread }: InForce): PolicySummary {
  const names = [...policies, ...unread].map(({ metadata }) => metadata.name);
  return {
    policies: names.slice(0, namesTold),
    ...(names.length > namesTold && { more: names.length - namesTold }),
    ...(exceptions.length > 0 && { exceptions: exceptions.length }),
  };
}

/** With a cluster there may be none: its policies are enough. */
function policySources({ policy = [], dev }: ServeOptions, client: ClusterClient | undefined): readonly string[] {
  if (policy.length > 0 || client !== undefined) return policy;
  if (dev) return ['builtin:restricted'];
  throw new SekishoError(
    'UsageInvalid',
    'no policy: add --policy FILE, --policy FOLDER or --policy builtin:restricted, or --kubeconfig FILE to use those of a cluster',
  );
}
