import type { FieldPath } from '../../core/pod/field-path.ts';
import type { SourceEntry, SourceNode, Span } from './source-node.ts';
import { columnOf, type TextEdit } from './text-edits.ts';

/** What is known while one document is edited, and what came of it so far. */
export interface EditContext {
  readonly text: string;
  readonly json: boolean;
  readonly comments: readonly Span[];
  readonly style: BlockStyle;
  /** Between a key and its value, between braces. */
  readonly colon: string;
  readonly edits: TextEdit[];
  readonly refusals: EditRefusal[];
}

/** How a document is laid out. */
export interface BlockStyle {
  /** Of a map inside a map. */
  readonly indent: number;
  /** Of the dashes of a list inside a map; 0 where they stand below the key. */
  readonly dash: number;
  /** Lists of single values stand in brackets. */
  readonly brackets: boolean;
}

/** Why something is not changed, and where in the document. */
export interface EditRefusal {
  readonly path: FieldPath;
  readonly message: string;
}

export function edit({ edits }: EditContext, { start, end }: Span, text: string): void {
  if (end > start || text !== '') edits.push({ start, end, text });
}

/** The texts of the comments that begin within. */
export function commentsIn({ comments, text }: EditContext, { start, end }: Span): readonly string[] {
  const texts: string[] = [];
  for (let index = firstFrom(comments, start); index < comments.length; index++) {
    const comment = comments[index];
    if (comment === undefined || comment.start >= end) break;
    texts.push(text.slice(comment.start, comment.end).trimEnd());
  }
  return texts;
}

/** The number of the first that begins there or later: a file may have many, and is asked about many places. */
function firstFrom(comments: readonly Span[], start: number): number {
  let low = 0;
  let high = comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((comments[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a map shows of the layout by its own fields; what they do not show is as around it. */
export function styleWithin(text: string, node: SourceNode, style: BlockStyle): BlockStyle {
  if (node.kind !== 'map' || node.flow) return style;
  let { indent, dash } = style;
  for (const { start, node: inner } of [...node.entries].reverse()) {
    const first = firstOfBlock(inner);
    if (first === undefined) continue;
    const deeper = columnOf(text, first.start) - columnOf(text, start);
    if (inner.kind === 'list') dash = Math.max(deeper, 0);
    else if (deeper > 0) indent = deeper;
  }
  return { ...style, indent, dash };
}

function firstOfBlock(node: SourceNode): SourceEntry | undefined {
  return (node.kind === 'map' || node.kind === 'list') && !node.flow ? node.entries[0] : undefined;
}

/** The layout of a document by whatever comes first in it; two spaces where nothing does. */
export function styleOf(text: string, root: SourceNode): BlockStyle {
  const seen = { indent: 0, dash: -1, inBrackets: false, underDashes: false };
  const waiting: SourceNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind !== 'map' && node.kind !== 'list') continue;
    const own = styleWithin(text, node, { indent: 0, dash: -1, brackets: false });
    seen.indent ||= own.indent;
    if (seen.dash < 0) seen.dash = own.dash;
    if (
      node.kind === 'list' &&
      node.entries.length > 0 &&
      node.entries.every(({ node: item }) => item.kind === 'scalar')
    ) {
      if (node.flow) seen.inBrackets = true;
      else seen.underDashes = true;
    }
    waiting.push(...node.entries.map((entry) => entry.node).reverse());
  }
  const indent = seen.indent || 2;
  return { indent, dash: seen.dash < 0 ? indent : seen.dash, brackets: seen.inBrackets && !seen.underDashes };
}
