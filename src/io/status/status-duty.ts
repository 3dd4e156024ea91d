import { type ExceptionState, exceptionState, momentsOf } from '../../core/policy/exception-state.ts';
import { acceptanceOf } from '../../core/policy/exceptions.ts';
import { countOverlaps } from '../../core/policy/overlaps.ts';
import type { PodPolicy } from '../../core/policy/pod-policy.ts';
import type { PodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import { exceptionConditions, type Judged, nextStatus, policyConditions } from '../../core/policy/status-conditions.ts';
import { type Bell, createBell } from '../bell.ts';
import type { Clock } from '../clock.ts';
import type { ClusterClient } from '../cluster/client.ts';
import type { StatusMetrics } from '../controller-metrics.ts';
import { type PolicyNames, watchPolicyNames } from '../files/policy-names.ts';
import { cut, type Logger } from '../log.ts';
import { type Followed, followKind } from './followed-kind.ts';
import { podPolicies, podPolicyExceptions, type Seen } from './kinds.ts';
import { createStatusWriter, type Judge, type StatusWriter } from './status-writer.ts';

export interface StatusDutyOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  /** From 0 to 1. */
  random(): number;
  readonly log: Logger;
  readonly metrics: StatusMetrics;
  /** Files and folders whose policies have their names before any object has. */
  readonly policySources: readonly string[];
  /** Milliseconds; `exceptions.maxDuration` of the settings. */
  readonly maxExceptionDuration?: number | undefined;
}

/** Milliseconds that are waited for what comes together: an apply of many objects, or a list of them. */
const settling = 100;

/** Milliseconds after which time is looked at anew, also where nothing is due: the clock may have been set. */
const longestPause = 60_000;

/** So many are written before what was judged is judged anew. */
const writesAtOnce = 20;

/** The duty to write into the status of policies and exceptions what is made of them, until the signal is aborted. */
export function keepStatus(options: StatusDutyOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const { clock, log, metrics, policySources } = options;
    const bell = createBell(signal, clock);
    using files = await watchPolicyNames(policySources, {
      changed: bell.ring,
      failed: ({ message }) =>
        log.error({ reason: cut(message) }, 'names of policies cannot be read, the last ones stay'),
    });
    await using policies = followKind(podPolicies, { ...options, bell });
    await using exceptions = followKind(podPolicyExceptions, { ...options, bell });
    const world: World = {
      options,
      files,
      policies,
      exceptions,
      overlaps: rememberOverlaps(),
      writer: createStatusWriter({ ...options, signal }),
    };
    try {
      while (!signal.aborted) {
        await bell.wait(pauseOf(world));
        await clock.sleep(settling * (1 + options.random()), signal);
        // An exception is not refused for want of a policy that was only not listed yet.
        if (policies.listed && exceptions.listed && !signal.aborted) await look(world, bell, signal);
      }
    } finally {
      metrics.forgetStatus();
    }
  };
}

interface World {
  readonly options: StatusDutyOptions;
  readonly files: PolicyNames;
  readonly policies: Followed<PodPolicy>;
  readonly exceptions: Followed<PodPolicyException>;
  readonly writer: StatusWriter;
  overlaps(policies: readonly PodPolicy[]): ReadonlyMap<string, number>;
}

/** Milliseconds until something may be due. */
function pauseOf({ options, exceptions, writer }: World): number {
  const now = options.clock.wall().getTime();
  const moments = exceptions.all().flatMap(({ read }) => {
    return 'value' in read ? momentsOf(read.value.spec.expiresAt, options.maxExceptionDuration) : [];
  });
  const ahead = moments.filter((moment) => moment > now).map((moment) => moment - now);
  return Math.min(
    longestPause,
    writer.nextRetry() ?? longestPause,
    ahead.reduce((a, b) => Math.min(a, b), longestPause),
  );
}

/** Judges everything, counts it, and writes some of what changed. */
async function look(world: World, bell: Bell, signal: AbortSignal): Promise<void> {
  const { policies, exceptions } = world;
  const judges = judgesOf(world);
  count(world);
  const tasks = [...tasksOf(world, policies, judges.policy), ...tasksOf(world, exceptions, judges.exception)];
  for (const perform of tasks.slice(0, writesAtOnce)) {
    if (signal.aborted) return;
    await perform();
  }
  if (tasks.length > writesAtOnce) bell.ring();
}

function tasksOf<Value>(
  { writer }: World,
  followed: Followed<Value>,
  judge: Judge<Value>,
): readonly (() => Promise<void>)[] {
  const { kind } = followed;
  return followed.all().flatMap((seen) => {
    if (judge(seen) === undefined || writer.waits(kind, seen.name)) return [];
    return [
      async () => {
        const told = followed.told(seen.name);
        followed.know(told, await writer.write(kind, seen, judge));
      },
    ];
  });
}

interface Judges {
  readonly policy: Judge<PodPolicy>;
  readonly exception: Judge<PodPolicyException>;
}

function judgesOf({ options, files: { names: taken }, policies, overlaps }: World): Judges {
  const { clock, maxExceptionDuration: maxDuration } = options;
  const all = policies.all();
  const counts = overlaps(all.flatMap(({ name, read }) => ('value' in read && !taken.has(name) ? [read.value] : [])));
  const names = new Set([...taken, ...all.map(({ name }) => name)]);
  const say = (seen: Seen<unknown>, judged: readonly Judged[]) =>
    nextStatus(seen.status, judged, { generation: seen.generation, now: toSecond(clock.wall()) });
  return {
    policy: (seen) => {
      const issues = 'issues' in seen.read ? seen.read.issues : [];
      const circumstances = { issues, nameTaken: taken.has(seen.name), overlaps: counts.get(seen.name) ?? 0 };
      return say(seen, policyConditions(circumstances));
    },
    exception: (seen) => {
      if ('issues' in seen.read) return say(seen, exceptionConditions(seen.read));
      const terms = { policies: names, maxDuration, now: clock.wall().getTime() };
      return say(seen, exceptionConditions(acceptanceOf(seen.read.value, terms)));
    },
  };
}

/** As Kubernetes writes a `metav1.Time`. */
function toSecond(moment: Date): string {
  return moment.toISOString().replace(/\.\d+Z$/, 'Z');
}

function count({ options, files: { names: taken }, policies, exceptions }: World): void {
  const { clock, metrics, maxExceptionDuration: maxDuration } = options;
  const all = policies.all();
  const now = clock.wall().getTime();
  const names = new Set([...taken, ...all.map(({ name }) => name)]);
  const states = exceptions.all().map(({ read }): ExceptionState => {
    if ('issues' in read) return 'refused';
    return exceptionState(
      acceptanceOf(read.value, { policies: names, maxDuration, now }),
      read.value.spec.expiresAt,
      now,
    );
  });
  metrics.setClusterPolicies(
    all.map(({ name, read, mode = 'unknown' }) => ({ mode, ready: 'value' in read && !taken.has(name) })),
  );
  metrics.setExceptions(states);
}

/** Counted anew only where a policy is another one: comparing a thousand with each other takes a while. */
function rememberOverlaps(): World['overlaps'] {
  let last: readonly PodPolicy[] = [];
  let counts: ReadonlyMap<string, number> = new Map();
  return (policies) => {
    if (policies.length !== last.length || policies.some((policy, index) => policy !== last[index])) {
      counts = countOverlaps(policies);
      last = policies;
    }
    return counts;
  };
}
