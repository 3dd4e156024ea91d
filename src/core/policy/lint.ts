import type { FieldPath } from '../pod/field-path.ts';
import { lintException } from './lint-exceptions.ts';
import { lintOverlaps } from './lint-overlaps.ts';
import { lintPolicy } from './lint-policies.ts';
import type { PodPolicy } from './pod-policy.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';

/** What a valid document says in vain, or says more than its author may know. */
export type LintReason =
  /** No object can match. */
  | 'NeverMatches'
  /** A field changes nothing. */
  | 'NoEffect'
  /** Nothing is asked of any pod. */
  | 'AsksNothing'
  /** Another policy says otherwise, or the same, of objects that both match. */
  | 'Overlaps'
  /** A version of the standards that this build does not know. */
  | 'VersionUnknown'
  | 'Expired'
  | 'ExpiresSoon'
  | 'TooLong'
  | 'UnknownPolicy'
  | 'UnknownRule'
  /** An exception that authors of objects can make theirs fit. */
  | 'Broad';

/** One such thing, and where. */
export interface LintWarning {
  readonly of: PodPolicy | PodPolicyException;
  readonly path: FieldPath;
  readonly reason: LintReason;
  readonly message: string;
}

/** Everything that holds together: an overlap or an unknown name shows only beside the others. */
export interface LintedSet {
  readonly policies: readonly PodPolicy[];
  /** The names of policies that could not be read: that much is known of them. */
  readonly unread: readonly string[];
  readonly exceptions: readonly PodPolicyException[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds: `exceptions.maxDuration` of the settings. */
  readonly maxExceptionDuration: number;
}

/** What is doubtful about documents that are valid each for itself. */
export function lint(set: LintedSet): readonly LintWarning[] {
  return [
    ...set.policies.flatMap(lintPolicy),
    ...lintOverlaps(set.policies),
    ...set.exceptions.flatMap((exception) => lintException(exception, set)),
  ];
}
