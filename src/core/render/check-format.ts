import type { CheckedObject, CheckOutcome } from './check-result.ts';
import { type CheckTally, tallyOf } from './check-tally.ts';

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

/** Puts objects one after another, and between them what belongs there. */
export interface CheckWriter {
  /** What to print next. */
  object(object: CheckedObject): string;
  foot(tally: CheckTally): string;
}

export function createWriter(format: CheckFormat): CheckWriter {
  let file: string | undefined;
  return {
    object(object) {
      const first = object.file !== file;
      const between = first ? format.between.files : format.between.objects;
      const text = (file === undefined ? '' : between) + format.object(object, first);
      file = object.file;
      return text;
    },
    foot: (tally) => format.foot(tally, file !== undefined),
  };
}

/** All at once, of what was kept. */
export function renderOutcome(format: CheckFormat, outcome: CheckOutcome): string {
  const writer = createWriter(format);
  const objects = outcome.violating.map((object) => writer.object(object));
  return [format.head, ...objects, writer.foot(tallyOf(outcome))].join('');
}
