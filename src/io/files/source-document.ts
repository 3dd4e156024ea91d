import type { FieldPath } from '../../core/pod/field-path.ts';

/** One document of a file: its value, and where each of its fields stands. */
export interface SourceDocument {
  readonly value: unknown;
  /** The offset of a field's key, or of an item; of the nearest parent that exists where there is none. */
  locate(path: FieldPath): number;
  /** The template that it was rendered from, where a comment of Helm's says so. */
  readonly template?: string | undefined;
}

/** Why a document cannot be read, and the offset where that shows. */
export interface SourceProblem {
  readonly offset: number;
  readonly message: string;
  readonly template?: string | undefined;
}

/** What a text was found to hold. A broken document leaves the others readable. */
export interface Source {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly SourceProblem[];
}

/** Where something stands in a file, both counted from one; columns in UTF-16 units, as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Turns offsets into positions. The lines are counted at the first question: most files are never asked about. */
export function createPositions(text: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStartsOf(text);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
