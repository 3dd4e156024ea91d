import type { AdmissionResponse } from '../../core/admission/response.ts';
import { SekishoError } from '../../core/error.ts';
import type { Mode } from '../../core/policy/mode.ts';

/** Why a review gets a verdict without having been judged. */
export interface Failure {
  readonly code: 403 | 500;
  readonly message: string;
}

/** A request that cannot be judged, by its author's doing or by ours. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof SekishoError && thrown.code === 'NestedTooDeeply')
    return { code: 403, message: thrown.message };
  // What was thrown stays in the log: it may quote anything.
  return { code: 500, message: 'internal error: the request could not be judged; see the log of sekisho' };
}

/**
 * Never an HTTP 500, which under failurePolicy Ignore admits the object: what cannot be judged is denied. Unless the
 * administrator has not raised the ceiling to Enforce; then nothing is denied, and the audit log says what happened.
 */
export function failureResponse(uid: string, ceiling: Mode, { code, message }: Failure): AdmissionResponse {
  if (ceiling !== 'Enforce') return { uid, allowed: true, warnings: [message], auditAnnotations: { error: message } };
  const reason = code === 403 ? 'Forbidden' : 'InternalError';
  return { uid, allowed: false, status: { code, reason, message }, auditAnnotations: { error: message } };
}
