import type { JudgeContext } from '../engine/judge.ts';
import { deepEquals } from '../engine/update.ts';
import { SekishoError } from '../error.ts';
import type { Language } from '../locale.ts';
import { formatFieldPath, valueAt } from '../pod/field-path.ts';
import { acceptanceOf } from '../policy/exceptions.ts';
import { podPolicyExceptionKind, podPolicyKind } from '../policy/kinds.ts';
import type { OwnKind, OwnObject } from '../policy/own-object.ts';
import { type DocumentIssue, parsePodPolicy } from '../policy/pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from '../policy/pod-policy-exception.ts';
import { cutToBytes, printable } from '../render/escape.ts';
import { type PolicyWarning, policyWarnings } from '../render/policy-warnings.ts';
import type { StatusCause } from './response.ts';
import type { AdmissionRequest } from './review.ts';
import { type Answer, pass, withWarnings } from './verdict.ts';

/** What the check of our own kinds needs to know. */
export interface PolicyContext extends Pick<JudgeContext, 'policies' | 'now'> {
  readonly locale: Language;
  /** Milliseconds: `exceptions.maxDuration` of the settings. */
  readonly maxExceptionDuration?: number;
  /** Whether an object of a file, or a built-in one, bears the name: then what the cluster has of that name is not used. */
  isTaken?(kind: OwnKind, name: string): boolean;
}

/** What is to be said of an object: it is refused where there are issues. */
interface Examined {
  readonly issues: readonly DocumentIssue[];
  readonly warnings: readonly PolicyWarning[];
}

type Examination = (object: unknown, context: PolicyContext) => Examined;

const examinations: ReadonlyMap<string, Examination> = new Map([
  [podPolicyKind.plural, examinePolicy],
  [podPolicyExceptionKind.plural, examineException],
]);

/**
 * Checks a policy or an exception by the words in which files are checked, before it is stored. Not asked about what
 * cannot make it wrong: its status, its deletion, and, so that a finalizer can always go, an update that leaves its
 * spec as it is.
 */
export function checkPolicy(request: AdmissionRequest, context: PolicyContext): Answer {
  const { uid, resource, object } = request;
  const examine = examinations.get(resource);
  if (examine === undefined || !isWritten(request)) return pass(uid);
  const { issues, warnings } = hasTooManyValues(object) ? tooMany : examine(object, context);
  if (issues.length > 0) return refusal(request, issues);
  return withWarnings(pass(uid), policyWarnings(warnings, context.locale));
}

/** Several times what the longest lists of a policy together hold; the CRDs let no more through. */
const mostValues = 50_000;

const tooMany: Examined = { issues: [{ path: ['spec'], message: 'has too many values' }], warnings: [] };

/**
 * Each value may be a mistake, each mistake takes a kilobyte, and any pod that reaches us can send half a million. Not
 * of metadata: the schema looks at nothing there but the name.
 */
function hasTooManyValues(object: unknown): boolean {
  const fields = typeof object === 'object' && object !== null ? Object.entries(object) : [];
  const waiting: unknown[] = fields.flatMap(([field, value]) => (field === 'metadata' ? [] : [value]));
  let count = waiting.length;
  while (waiting.length > 0 && count <= mostValues) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inside = Object.values(value);
    count += inside.length;
    if (count <= mostValues) waiting.push(...inside);
  }
  return count > mostValues;
}

function isWritten({ operation, subResource, object, oldObject }: AdmissionRequest): boolean {
  if (subResource !== '') return false;
  if (operation === 'CREATE') return true;
  return operation === 'UPDATE' && !isSame(valueAt(object, ['spec']), valueAt(oldObject, ['spec']));
}

function isSame(spec: unknown, old: unknown): boolean {
  try {
    return spec !== undefined && deepEquals(spec, old);
  } catch (thrown) {
    // No policy is so deep: the parser says what is wrong with it.
    if (thrown instanceof SekishoError && thrown.code === 'NestedTooDeeply') return false;
    throw thrown;
  }
}

function examinePolicy(object: unknown, context: PolicyContext): Examined {
  const parsed = parsePodPolicy(object);
  return 'issues' in parsed
    ? { issues: parsed.issues, warnings: [] }
    : { issues: [], warnings: nameWarning(parsed.policy, context) };
}

function nameWarning({ kind, metadata: { name } }: OwnObject, { isTaken }: PolicyContext): readonly PolicyWarning[] {
  return isTaken?.(kind, name) ? [{ about: 'nameTaken', names: [name] }] : [];
}

function examineException(object: unknown, context: PolicyContext): Examined {
  const parsed = parsePodPolicyException(object);
  if ('issues' in parsed) return { issues: parsed.issues, warnings: [] };
  const tooLong = excessOf(parsed.exception, context);
  return { issues: tooLong === undefined ? [] : [tooLong], warnings: warningsOn(parsed.exception, context) };
}

/** Asked of every exception, also of one whose names are unknown: they may come, and it would last too long then. */
function excessOf({ spec }: PodPolicyException, { maxExceptionDuration, now }: PolicyContext) {
  if (maxExceptionDuration === undefined || Date.parse(spec.expiresAt) - now() <= maxExceptionDuration)
    return undefined;
  const message = `must not be further away than ${hours(maxExceptionDuration)}, which is exceptions.maxDuration of the settings`;
  return { path: ['spec', 'expiresAt'], message };
}

function hours(milliseconds: number): string {
  const whole = milliseconds / 3_600_000;
  return Number.isInteger(whole) ? `${whole}h` : `${milliseconds / 1_000}s`;
}

/** Names that nobody bears are no mistake: what bears them may be applied after the exception. */
function warningsOn(exception: PodPolicyException, context: PolicyContext): readonly PolicyWarning[] {
  const { policies, now } = context;
  const names = new Set(policies.policies.map(({ metadata }) => metadata.name));
  const { reason, unknown, broad } = acceptanceOf(exception, { policies: names, now: now() });
  const warnings: PolicyWarning[] = [...nameWarning(exception, context)];
  if (reason === 'Expired') warnings.push({ about: 'expired' });
  if (reason === 'UnknownPolicy') warnings.push({ about: 'unknownPolicy', names: unknown });
  if (reason === 'UnknownRule') warnings.push({ about: 'unknownRule', names: unknown });
  if (broad) warnings.push({ about: 'broad' });
  return warnings;
}

/** So many mistakes are named; whoever makes more has not written a policy. */
const mostCauses = 100;
/** Code points of a path and of what is said of it; bytes of all in one message. */
const longestField = 256;
const longestProblem = 512;
const longestMessage = 4096;

/**
 * 422 Invalid, with the kind and the causes that the API server gives for a field that its own schema refuses: kubectl
 * then prints `The PodPolicy "production" is invalid: spec.mode: …` in both cases, and tools that try again know that it
 * is of no use. As kubectl prints the causes and not the message, all of it stands in both.
 */
function refusal({ uid, name, kind, group, object }: AdmissionRequest, issues: readonly DocumentIssue[]): Answer {
  const mistakes = issues.slice(0, mostCauses).map(causeOf);
  if (issues.length > mostCauses) mistakes.push({ ...leftOut(issues.length - mostCauses) });
  const stated = valueAt(object, ['metadata', 'name']);
  const known = printable(name === '' && typeof stated === 'string' ? stated : name, 253);
  const list = mistakes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
  const status = {
    code: 422,
    reason: 'Invalid',
    message: cutToBytes(`${printable(kind.kind, 63)} ${known} is invalid: ${list}`, longestMessage),
    details: { name: known, group, kind: kind.kind, causes: mistakes },
  };
  return { response: { uid, allowed: false, status }, findings: [], groups: [], mistakes };
}

function causeOf({ path, message }: DocumentIssue): StatusCause {
  const field = printable(formatFieldPath(path), longestField);
  return { reason: 'FieldValueInvalid', message: printable(message, longestProblem), field };
}

function leftOut(count: number): StatusCause {
  return { reason: 'FieldValueInvalid', message: `… and ${count} more mistakes`, field: '' };
}
