import { type ExceptionState, exceptionState, momentsOf } from '../../core/policy/exception-state.ts';
import { acceptanceOf } from '../../core/policy/exceptions.ts';
import { countOverlaps } from '../../core/policy/overlaps.ts';
import type { OwnKind } from '../../core/policy/own-object.ts';
import type { PodPolicy } from '../../core/policy/pod-policy.ts';
import type { PodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import { exceptionConditions, type Judged, nextStatus, policyConditions } from '../../core/policy/status-conditions.ts';
import { type Bell, createBell } from '../bell.ts';
import type { Clock } from '../clock.ts';
import type { ClusterClient } from '../cluster/client.ts';
import type { StatusMetrics } from '../controller-metrics.ts';
import { type FileObjects, watchFileObjects } from '../files/file-objects.ts';
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
    using files = await watchFileObjects(policySources, {
      changed: bell.ring,
      failed: ({ message }) => log.error({ reason: cut(message) }, 'policies cannot be read, the last good ones stay'),
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
  readonly files: FileObjects;
  readonly policies: Followed<PodPolicy>;
  readonly exceptions: Followed<PodPolicyException>;
  readonly writer: StatusWriter;
  overlaps(policies: readonly PodPolicy[]): ReadonlyMap<string, number>;
}

/** Milliseconds until something may be due. */
function pauseOf({ options, files, exceptions, writer }: World): number {
  const now = options.clock.wall().getTime();
  const dated = [...files.exceptions, ...exceptions.all().flatMap(({ read }) => ('value' in read ? [read.value] : []))];
  const moments = dated.flatMap(({ spec }) => momentsOf(spec.expiresAt, options.maxExceptionDuration));
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

function judgesOf(world: World): Judges {
  const { options, policies, overlaps } = world;
  const { clock, maxExceptionDuration: maxDuration } = options;
  const taken = (kind: OwnKind, { name }: Seen<unknown>): boolean => world.files.keys.has(`${kind}/${name}`);
  const usable = policies.all().flatMap((seen) => {
    return 'value' in seen.read && !taken('PodPolicy', seen) ? [seen.read.value] : [];
  });
  const counts = overlaps(usable);
  const names = policyNames(world);
  const say = (seen: Seen<unknown>, judged: readonly Judged[]) =>
    nextStatus(seen.status, judged, { generation: seen.generation, now: toSecond(clock.wall()) });
  return {
    policy: (seen) => {
      const issues = 'issues' in seen.read ? seen.read.issues : [];
      const circumstances = { issues, nameTaken: taken('PodPolicy', seen), overlaps: counts.get(seen.name) ?? 0 };
      return say(seen, policyConditions(circumstances));
    },
    exception: (seen) => {
      if (taken('PodPolicyException', seen)) return say(seen, exceptionConditions('nameTaken'));
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

/** Of files and cluster: an exception may name any of them. */
function policyNames({ files, policies }: World): ReadonlySet<string> {
  const prefix = 'PodPolicy/';
  const filed = [...files.keys].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  return new Set([...filed, ...policies.all().map(({ name }) => name)]);
}

function count(world: World): void {
  const { options, files, exceptions } = world;
  const terms = {
    policies: policyNames(world),
    maxDuration: options.maxExceptionDuration,
    now: options.clock.wall().getTime(),
  };
  const stateOf = (exception: PodPolicyException): ExceptionState =>
    exceptionState(acceptanceOf(exception, terms), exception.spec.expiresAt, terms.now);
  const stored = exceptions.all().map(({ name, read }): ExceptionState => {
    if ('issues' in read || files.keys.has(`PodPolicyException/${name}`)) return 'refused';
    return stateOf(read.value);
  });
  options.metrics.setExceptions([...files.exceptions.map(stateOf), ...stored]);
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
