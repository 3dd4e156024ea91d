import { z } from 'zod';
import { formatFieldPath } from '../pod/field-path.ts';
import { type Acceptance, acceptanceText } from './exceptions.ts';
import { mostOverlaps } from './overlaps.ts';
import type { DocumentIssue } from './pod-policy.ts';

/** `Condition` of Kubernetes' `meta/v1`. */
export interface Condition extends Judged {
  readonly observedGeneration: number;
  /** When `status` changed last, in UTC, to the second. */
  readonly lastTransitionTime: string;
}

/** What is said of an object, whenever it became so. */
export interface Judged {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** The status of our kinds. */
export interface ObjectStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
}

/** What the conditions of a policy depend on beside itself. */
export interface PolicyCircumstances {
  /** What is wrong with it; none: it can be used. */
  readonly issues: readonly DocumentIssue[];
  /** A file or a built-in policy has its name, and keeps it. */
  readonly nameTaken: boolean;
  /** With how many others it shares namespaces, as far as they are counted. */
  readonly overlaps: number;
}

export function policyConditions({ issues, nameTaken, overlaps }: PolicyCircumstances): readonly Judged[] {
  const ready = (status: Judged['status'], reason: string, message: string): readonly Judged[] => [
    { type: 'Ready', status, reason, message },
    status === 'True' ? overlapping(overlaps) : notJudged('Overlaps', 'NotReady', 'the policy is not Ready'),
  ];
  // First, because a document without a policy of its own says nothing about the one that is in force.
  if (nameTaken) {
    return ready('False', 'NameTaken', nameTakenText('a policy'));
  }
  if (issues.length > 0) return ready('False', 'Invalid', issueText(issues));
  return ready('True', 'Compiled', 'it is in force');
}

function nameTakenText(other: string): string {
  return `${other} of the files that serve reads has this name and keeps it: this one has no effect, choose another name`;
}

/** Only a number: a list of names would have no bound, and change with each of them. */
function overlapping(count: number): Judged {
  if (count === 0) {
    const message = 'no other policy has a say in its namespaces';
    return { type: 'Overlaps', status: 'False', reason: 'NoOther', message };
  }
  const others = `${count}${count >= mostOverlaps ? ' or more' : ''} other ${count === 1 ? 'policy' : 'policies'}`;
  const message = `${others} may have a say in the same namespaces: all apply, the strictest wins`;
  return { type: 'Overlaps', status: 'True', reason: 'SameNamespaces', message };
}

/** What the conditions of an exception depend on: the verdict on it, or why there is none. */
export type ExceptionCircumstances = Acceptance | { readonly issues: readonly DocumentIssue[] } | 'nameTaken';

export function exceptionConditions(circumstances: ExceptionCircumstances): readonly Judged[] {
  if (circumstances === 'nameTaken') {
    return [
      { type: 'Accepted', status: 'False', reason: 'NameTaken', message: nameTakenText('an exception') },
      notJudged('Broad', 'NameTaken', 'the exception has no effect'),
    ];
  }
  if ('issues' in circumstances) {
    const message = issueText(circumstances.issues);
    return [
      { type: 'Accepted', status: 'False', reason: 'Invalid', message },
      notJudged('Broad', 'Invalid', 'the exception cannot be read'),
    ];
  }
  const { accepted, reason, broad } = circumstances;
  const message = cut(acceptanceText(circumstances));
  return [{ type: 'Accepted', status: accepted ? 'True' : 'False', reason, message }, broadness(broad)];
}

function broadness(broad: boolean): Judged {
  if (!broad) {
    const message = 'it covers only images that spec.match.images names by digest';
    return { type: 'Broad', status: 'False', reason: 'BoundByDigest', message };
  }
  const message = 'spec.match.images does not name digests only: whoever writes an object decides what it covers';
  return { type: 'Broad', status: 'True', reason: 'NotBoundByDigest', message };
}

function notJudged(type: string, reason: string, message: string): Judged {
  return { type, status: 'Unknown', reason, message };
}

const issuesTold = 3;

/** The first of them: who has corrected those sees the next. */
function issueText(issues: readonly DocumentIssue[]): string {
  const told = issues.slice(0, issuesTold).map(({ path, message }) => {
    return `${path.length === 0 ? 'the object' : formatFieldPath(path)}: ${message}`;
  });
  const rest = issues.length - told.length;
  return cut([...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; '));
}

/** Of a message; `meta/v1` allows 32,768. */
const longestMessage = 1_024;

function cut(text: string): string {
  return text.length <= longestMessage ? text : `${text.slice(0, longestMessage - 1).toWellFormed()}…`;
}

/** Whoever may write the status may write anything there; what is no condition is as good as absent. */
const observedCondition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.number(),
  lastTransitionTime: z.string(),
});

const observedStatus = z.object({
  observedGeneration: z.number(),
  conditions: z.array(observedCondition).max(64),
});

/** The status as an object has it; undefined where nobody wrote one that we could have written. */
export function parseObjectStatus(status: unknown): ObjectStatus | undefined {
  return observedStatus.safeParse(status).data;
}

/** Of which version of the object something is said, and when. */
export interface Moment {
  readonly generation: number;
  /** In UTC, to the second. */
  readonly now: string;
}

/** What is to be written in place of the status; undefined where it says so already. */
export function nextStatus(
  observed: ObjectStatus | undefined,
  judged: readonly Judged[],
  { generation, now }: Moment,
): ObjectStatus | undefined {
  const known = new Map(observed?.conditions.map((condition) => [condition.type, condition]));
  const conditions = judged.map((each): Condition => {
    const before = known.get(each.type);
    // `meta/v1`: the time changes with the status, not with what else is said.
    const lastTransitionTime = before?.status === each.status ? before.lastTransitionTime : now;
    return { ...each, observedGeneration: generation, lastTransitionTime };
  });
  const next = { observedGeneration: generation, conditions };
  return observed !== undefined && isSame(observed, next) ? undefined : next;
}

function isSame(observed: ObjectStatus, next: ObjectStatus): boolean {
  return (
    observed.observedGeneration === next.observedGeneration &&
    observed.conditions.length === next.conditions.length &&
    next.conditions.every((condition, index) => isSameCondition(observed.conditions[index], condition))
  );
}

function isSameCondition(a: Condition | undefined, b: Condition): boolean {
  return (
    a?.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}
