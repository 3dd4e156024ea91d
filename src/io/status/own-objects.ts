import { messageOf, SekishoError } from '../../core/error.ts';
import { formatFieldPath, valueAt } from '../../core/pod/field-path.ts';
import { exceptionState } from '../../core/policy/exception-state.ts';
import { acceptanceOf, acceptanceText, type ExceptionTerms } from '../../core/policy/exceptions.ts';
import { isOwn, isPolicy, parseOwnObject } from '../../core/policy/own-object.ts';
import type { PodPolicy } from '../../core/policy/pod-policy.ts';
import type { PodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import type { Condition } from '../../core/policy/status-conditions.ts';
import { statedName } from '../../core/policy/unread-policy.ts';
import type { ExceptionStatus, PolicyStatus } from '../../core/render/installation-status.ts';
import { summarizePolicy } from '../../core/render/policy-summary.ts';
import { parseManifest } from '../files/manifests.ts';
import { podPolicies, podPolicyExceptions, type Seen } from './kinds.ts';

/** What the chart's files hold. */
export interface FiledObjects {
  readonly policies: readonly PolicyStatus[];
  readonly exceptions: readonly PodPolicyException[];
}

/** The `data` of the ConfigMap that `serve` reads as files. */
export function readFiledObjects(data: unknown): FiledObjects {
  const files = Object.entries(typeof data === 'object' && data !== null ? data : {});
  const read = files.flatMap(([file, text]) => documentsOf(String(text), file).map((each) => objectOf(each, file)));
  return {
    policies: read.flatMap((each) => ('policy' in each ? [each.policy] : [])),
    exceptions: read.flatMap((each) => ('exception' in each ? [each.exception] : [])),
  };
}

type Filed = { readonly policy: PolicyStatus } | { readonly exception: PodPolicyException };

function documentsOf(text: string, file: string): readonly unknown[] {
  try {
    const { documents, problems } = parseManifest(text, file);
    const broken = problems.slice(0, 1).map(({ message }) => new SekishoError('ManifestInvalid', message));
    return [...documents.map(({ value }) => value).filter(isOwn), ...broken];
  } catch (thrown) {
    return [thrown];
  }
}

function objectOf(document: unknown, file: string): Filed {
  const name = statedName(document) ?? file;
  const broken = { name, source: 'file', ready: false, reason: 'Invalid' } as const;
  if (document instanceof Error) return { policy: { ...broken, message: messageOf(document) } };
  const parsed = parseOwnObject(document);
  if ('issues' in parsed) {
    const [issue] = parsed.issues;
    return { policy: { ...broken, message: `${formatFieldPath(issue?.path ?? [])}: ${issue?.message}` } };
  }
  const { object } = parsed;
  if (!isPolicy(object)) return { exception: object };
  return { policy: { name: object.metadata.name, source: 'file', ...summarizePolicy(object), ready: true } };
}

/** A policy of the cluster, by the conditions that the controller wrote. */
export function describePolicy(object: unknown): PolicyStatus {
  const seen = podPolicies.see(object);
  const mode = valueAt(object, ['spec', 'mode']);
  const created = valueAt(object, ['metadata', 'creationTimestamp']);
  const ready = currentCondition(seen, 'Ready');
  return {
    name: seen.name,
    source: 'cluster',
    ...('value' in seen.read ? summarizePolicy(seen.read.value) : typeof mode === 'string' && { mode }),
    ...(ready && { ready: ready.status === 'True', reason: ready.reason, message: ready.message }),
    ...(typeof created === 'string' && { created }),
  };
}

/** What is said of the object as it stands, not of one before it. */
function currentCondition(seen: Seen<PodPolicy | PodPolicyException>, type: string): Condition | undefined {
  const { status, generation } = seen;
  return status?.conditions.find((each) => each.type === type && each.observedGeneration === generation);
}

/** What an exception is held against, and when. */
export type ExceptionClock = ExceptionTerms & { readonly now: number };

/** An exception of the chart's files: nobody writes conditions of it. */
export function describeFiledException(exception: PodPolicyException, clock: ExceptionClock): ExceptionStatus {
  const acceptance = acceptanceOf(exception, clock);
  const state = exceptionState(acceptance, exception.spec.expiresAt, clock.now);
  return { ...factsOf(exception), state, ...(state === 'refused' && { message: acceptanceText(acceptance) }) };
}

/** An exception of the cluster, by the conditions that the controller wrote; whether it has expired the clock says. */
export function describeException(object: unknown, now: number): ExceptionStatus {
  const seen = podPolicyExceptions.see(object);
  if ('issues' in seen.read) {
    const [issue] = seen.read.issues;
    const message = `${formatFieldPath(issue?.path ?? [])}: ${issue?.message}`;
    return { name: seen.name, state: 'refused', expiresAt: '', reason: '', message };
  }
  const { value } = seen.read;
  const accepted = currentCondition(seen, 'Accepted');
  const expired = Date.parse(value.spec.expiresAt) <= now;
  if (accepted?.status === 'False' && !expired) {
    return { ...factsOf(value), state: 'refused', message: accepted.message };
  }
  const reason = expired ? 'Expired' : 'Accepted';
  const acceptance = { accepted: !expired, reason, unknown: [], broad: false } as const;
  return { ...factsOf(value), state: exceptionState(acceptance, value.spec.expiresAt, now) };
}

function factsOf({ metadata, spec }: PodPolicyException) {
  const { expiresAt, owner, reason } = spec;
  return { name: metadata.name, expiresAt, reason, ...(owner !== undefined && { owner }) };
}
