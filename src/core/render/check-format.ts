import type { CheckedObject } from './check-result.ts';
import type { CheckTally } from './check-tally.ts';

/**
 * How objects that break rules are printed while they are found: of thousands of manifests nothing is kept but numbers.
 * Texts hold no more than their object; what stands between two of them depends on whether their file is the same.
 */
export interface CheckFormat {
  readonly head: string;
  /** `first`: of its file. */
  object(object: CheckedObject, first: boolean): string;
  readonly between: { readonly objects: string; readonly files: string };
  /** `any`: something stands before it. */
  foot(tally: CheckTally, any: boolean): string;
}
