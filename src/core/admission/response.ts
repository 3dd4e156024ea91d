import { choicesOf } from '../engine/choices.ts';
import { denies, type Finding } from '../engine/decision.ts';
import type { Judgement } from '../engine/judge.ts';
import { proposeRepair } from '../engine/repair.ts';
import type { Language } from '../locale.ts';
import type { ObjectReference } from '../pod/pod-view.ts';
import { denialMessage } from '../render/denial-message.ts';
import { byteLength, cutToBytes, printable, withCrosses } from '../render/escape.ts';
import type { FindingGroup } from '../render/finding-groups.ts';
import { findingSentence, formatWarnings } from '../render/warnings.ts';
import { type AdmissionRequest, admissionApiVersion } from './review.ts';

/** One finding for a program: `StatusCause` of Kubernetes' `meta/v1`. */
export interface StatusCause {
  /** The id of the rule. */
  readonly reason: string;
  readonly message: string;
  /** The path into the applied object. */
  readonly field: string;
}

/** `admission.k8s.io/v1` AdmissionResponse; never a patch. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: {
    readonly code: number;
    readonly reason?: string;
    /** With details: holds marks that stand for crosses, and none that anybody else wrote. */
    readonly message: string;
    readonly details?: {
      readonly name?: string;
      readonly group?: string;
      readonly kind?: string;
      readonly causes: readonly StatusCause[];
    };
  };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/**
 * The wire form, on one line. Only a denial has crosses, and everything in one is `printable`; other answers may echo what
 * was sent, marks and all.
 */
export function formatAdmissionReview(response: AdmissionResponse): string {
  const json = JSON.stringify({ apiVersion: admissionApiVersion, kind: 'AdmissionReview', response });
  return response.status?.details === undefined ? json : withCrosses(json);
}

/** What a document that is no AdmissionReview gets where documents, not HTTP requests, are answered. */
export function malformedResponse(uid: string, message: string): AdmissionResponse {
  return { uid, allowed: false, status: { code: 400, message } };
}

/** A request and what became of it. */
export interface Judged {
  readonly request: AdmissionRequest;
  readonly judgement: Judgement;
  readonly reference: ObjectReference;
}

/** What a response with findings is made of. */
export interface Answered extends Judged {
  readonly groups: readonly FindingGroup[];
  readonly id: string;
}

/** Nothing was found. */
export function passing({ request: { uid }, judgement: { enforced } }: Judged): AdmissionResponse {
  if (enforced === '') return { uid, allowed: true };
  return { uid, allowed: true, auditAnnotations: { 'enforce-policy': cutToBytes(enforced, longestAnnotation) } };
}

/** The verdict with everything that was found: in words, in causes, in warnings, in the audit log. */
export function respond(answered: Answered, language: Language): AdmissionResponse {
  const { request, judgement, groups } = answered;
  const { allowed } = judgement.decision;
  const denied = groups.filter(({ finding }) => denies(finding));
  const warned = groups.filter(({ finding }) => finding.mode === 'Warn' && finding.exception === undefined);
  warned.push(...groups.filter(({ finding }) => isExcusedForDays(finding)));
  return {
    uid: request.uid,
    allowed,
    ...(allowed ? {} : { status: statusOf(answered, denied, language) }),
    ...(warned.length === 0 ? {} : { warnings: formatWarnings({ groups: warned, allowed }, language) }),
    auditAnnotations: auditAnnotations(answered),
  };
}

/** What nobody but the log hears of, its end is not told either. */
function isExcusedForDays({ exception, mode }: Finding): boolean {
  return exception?.expiring !== undefined && mode !== 'Audit';
}

function statusOf(
  { request, judgement, reference, groups, id }: Answered,
  denied: readonly FindingGroup[],
  language: Language,
): NonNullable<AdmissionResponse['status']> {
  const { pod, asked, decision, messages } = judgement;
  const truncated = decision.truncated ?? false;
  // A subresource is not applied from a file that a patch could change.
  const unpatched = pod === undefined || request.subResource !== '' || truncated;
  const repair = unpatched ? undefined : proposeRepair(pod, asked, repairable(denied, groups));
  const choices = unpatched || repair?.satisfied === denied.length ? undefined : choicesOf(pod, denied.map(findingOf));
  return {
    code: 403,
    reason: 'Forbidden',
    message: denialMessage({ object: reference, groups: denied, repair, choices, truncated, messages, id }, language),
    details: {
      name: printable(reference.name, longestName),
      group: request.group,
      kind: request.resource,
      causes: causesOf(denied),
    },
  };
}

function findingOf({ finding }: FindingGroup): Finding {
  return finding;
}

/** Code points: no object can have a longer one, but a request may claim it. */
const longestName = 253;
/** Programs get every finding up to a number that keeps the answer small; the count is in the message. */
const mostCauses = 100;

/** What denied, and what would have, but for `onUpdate: NewOnly`: a repair must not call that new. */
function repairable(denied: readonly FindingGroup[], groups: readonly FindingGroup[]): readonly Finding[] {
  const findings = denied.map(findingOf);
  if (denied.length < groups.length) {
    for (const { finding } of groups) if (finding.letThrough) findings.push(finding);
  }
  return findings;
}

function causesOf(denied: readonly FindingGroup[]): readonly StatusCause[] {
  const causes = denied.length > mostCauses ? denied.slice(0, mostCauses) : denied;
  return causes.map(({ finding, path, message }) => ({ reason: finding.rule.id, message, field: path }));
}

/** Bytes. The API server stores annotations in every audit event, so they are bounded. */
const longestAnnotation = 1024;
const longestViolations = 4096;

function auditAnnotations({ judgement, groups, id }: Answered): Readonly<Record<string, string>> {
  const recorded = groups.filter(({ finding: { mode, error, exception } }) => {
    return mode !== 'Enforce' && !error && exception === undefined;
  });
  const exempt = exemptions(groups);
  const errors = groups.filter(({ finding }) => finding.error);
  return {
    'decision-id': id,
    ...(judgement.enforced === '' ? {} : { 'enforce-policy': cutToBytes(judgement.enforced, longestAnnotation) }),
    ...(recorded.length === 0 ? {} : { 'audit-violations': listed(recorded, longestViolations) }),
    ...(exempt === '' ? {} : { exempt: cutToBytes(exempt, longestAnnotation) }),
    ...(errors.length === 0 ? {} : { error: listed(errors, longestAnnotation) }),
  };
}

/** Each exception with the rules that it excused from: `legacy-agent: hostPathVolumes, hostPorts`. */
function exemptions(groups: readonly FindingGroup[]): string {
  const rules = new Map<string, Set<string>>();
  for (const { finding } of groups) {
    if (finding.exception === undefined) continue;
    const { name } = finding.exception;
    rules.set(name, (rules.get(name) ?? new Set()).add(finding.rule.id));
  }
  return [...rules].map(([name, ids]) => `${name}: ${[...ids].join(', ')}`).join('; ');
}

function listed(groups: readonly FindingGroup[], limit: number): string {
  let text = '';
  for (const [index, group] of groups.entries()) {
    const sentence = `${text === '' ? '' : '; '}${findingSentence(group)}`;
    const more = `; … and ${groups.length - index} more`;
    if (byteLength(text + sentence + more) > limit) return text + more;
    text += sentence;
  }
  return text;
}
