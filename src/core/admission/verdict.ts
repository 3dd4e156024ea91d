import type { Finding } from '../engine/decision.ts';
import { type Language, localesOf } from '../locale.ts';
import { type FindingGroup, groupFindings } from '../render/finding-groups.ts';
import { decisionId } from './decision-id.ts';
import { type AdmissionResponse, type Judged, passing, respond, type StatusCause } from './response.ts';

/** The response for the API server, and what log and metrics say of it. */
export interface Answer {
  readonly response: AdmissionResponse;
  readonly findings: readonly Finding[];
  /** The same in words, each violation once; in the first language of several. */
  readonly groups: readonly FindingGroup[];
  /** 64 bits in hexadecimal; stands in message, log and audit annotation. Only where there are findings. */
  readonly id?: string;
  /** Why an object of our own kinds was refused, field by field. */
  readonly mistakes?: readonly StatusCause[];
}

/** The answer to a request that nobody has anything to say about. */
export function pass(uid: string): Answer {
  return { response: { uid, allowed: true }, findings: [], groups: [] };
}

/** A judgement as an answer: in words, in causes, in warnings, in the audit log. */
export function answerOf(judged: Judged, language: Language): Answer {
  const { findings } = judged.judgement.decision;
  const groups = groupFindings(findings, localesOf(language)[0]);
  if (groups.length === 0) return { response: passing(judged), findings, groups };
  const id = decisionId(judged.request.uid);
  return { response: respond({ ...judged, groups, id }, language), findings, groups, id };
}

/** An answer that tells its reader something more. */
export function withWarnings(answer: Answer, added: readonly string[]): Answer {
  if (added.length === 0) return answer;
  const { response } = answer;
  return { ...answer, response: { ...response, warnings: [...(response.warnings ?? []), ...added] } };
}
