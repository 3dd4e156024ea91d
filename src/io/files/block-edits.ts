import { blockLines, type BlockWriting, fieldLines, indented, inlineText, itemLines } from './block-text.ts';
import { commentsIn, type EditContext, edit, styleWithin } from './edit-context.ts';
import { quotedAlike } from './flow-edits.ts';
import { quotesAt } from './flow-text.ts';
import type { Quotes } from './scalar-text.ts';
import { contentEnd, lastNode, type SourceEntry, type SourceList, type SourceMap } from './source-node.ts';
import { columnOf, isFirstOnLine, lineBreak, lineEnd, lineStart } from './text-edits.ts';

/*
 * Changes of what is laid out by indentation. Lines are taken away together with the break before them and put in before
 * the break of the line above, so that two changes side by side never want the same character. A comment stays, as a line
 * of its own where it stood behind something that went.
 */

/** Puts another value behind the colon or the dash. */
export function replaceInBlock(entry: SourceEntry, value: unknown, context: EditContext): void {
  const { node, lead } = entry;
  const writing: BlockWriting = { style: context.style, keys: 'plain' };
  const inline = inlineText(value, { ...writing });
  const isBlock = ((node.kind === 'map' || node.kind === 'list') && !node.flow) || (node.kind === 'scalar' && node.style === 'block');
  const end = contentEnd(entry);
  const comments = commentsIn(context, { start: lead, end });
  if (inline !== undefined && !isBlock && end > lead && comments.length === 0) {
    edit(context, node, quotedAlike(node, value, context) ?? inline);
    return;
  }
  const column = columnOf(context.text, entry.start);
  const dashed = context.text[entry.start] === '-' && !('key' in entry);
  const lines = inline !== undefined ? [] : blockLines(value, writing);
  // What a dash holds begins behind it; a comment in between would have to stand there too.
  const beside = dashed && lines.length > 0 && comments.length === 0;
  const head = inline ?? (beside ? (lines[0] ?? '') : '');
  edit(context, { start: lead, end }, head === '' ? '' : ` ${head}`);
  const deeper = dashed ? 2 : Array.isArray(value) ? context.style.dash : context.style.indent;
  const below = [...comments, ...(beside ? lines.slice(1) : lines)];
  insertLines(context, end, indented(below, column + (inline === undefined ? deeper : Math.max(deeper, 1))));
}

/** Below the line on which something ends. */
function insertLines(context: EditContext, behind: number, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const { text } = context;
  const at = lineEnd(text, behind);
  const newline = lineBreak(text, behind);
  edit(context, { start: at, end: at }, lines.map((line) => newline + line).join(''));
}

/** Takes entries out of a collection in which others stay. */
export function removeFromBlock(
  { entries }: SourceMap | SourceList,
  removed: ReadonlySet<SourceEntry>,
  context: EditContext,
): void {
  const { text } = context;
  const kept = entries.findIndex((entry) => !removed.has(entry));
  let from = 0;
  const [first] = entries;
  if (first !== undefined && removed.has(first) && !isFirstOnLine(text, first.start)) {
    // It stands behind a dash: what stays comes in its place.
    joinToDash(first, entries[kept] ?? first, context);
    from = kept;
  }
  for (const entry of entries.slice(from)) if (removed.has(entry)) removeLines(entry, context);
}

function joinToDash(first: SourceEntry, kept: SourceEntry, context: EditContext): void {
  const { text } = context;
  const gone = { start: first.start, end: kept.start };
  const newline = lineBreak(text, first.start);
  const margin = ' '.repeat(columnOf(text, first.start));
  edit(context, gone, commentsIn(context, gone).map((comment) => comment + newline + margin).join(''));
}

function removeLines(entry: SourceEntry, context: EditContext): void {
  const { text } = context;
  const start = lineStart(text, entry.start);
  const end = lineEnd(text, contentEnd(entry));
  const newline = lineBreak(text, entry.start);
  const margin = ' '.repeat(columnOf(text, entry.start));
  const comments = commentsIn(context, { start: entry.start, end }).map((comment) => margin + comment);
  if (end === text.length) {
    // The break before it may be part of the value above: whatever is above stays as it is.
    edit(context, { start, end }, comments.join(newline));
  } else if (start === 0) {
    const next = text.indexOf('\n', end) + 1;
    edit(context, { start, end: next }, comments.map((line) => line + newline).join(''));
  } else {
    const before = lineEnd(text, lineStart(text, start - 1));
    edit(context, { start: before, end }, comments.map((line) => newline + line).join(''));
  }
}

/** Puts fields behind those that stay, of which there is one at least. */
export function addToBlockMap(
  map: SourceMap,
  { added, last }: { added: readonly (readonly [string, unknown])[]; last: SourceEntry },
  context: EditContext,
): boolean {
  const style = styleWithin(context.text, map, context.style);
  const writing = { style, keys: quotesOfKeys(map, context) };
  return addLines(
    last,
    added.flatMap(([key, value]) => fieldLines(key, value, writing)),
    context,
  );
}

/** Puts items behind those that stay, of which there is one at least. */
export function addToBlockList(
  { added, last }: { added: readonly unknown[]; last: SourceEntry },
  context: EditContext,
): boolean {
  const writing: BlockWriting = { style: context.style, keys: 'plain' };
  return addLines(
    last,
    added.flatMap((item) => itemLines(item, writing)),
    context,
  );
}

/** False where what is last cannot have anything below it. */
function addLines(last: SourceEntry, lines: readonly string[], context: EditContext): boolean {
  const node = lastNode(last);
  if (node.kind === 'scalar' && node.open) return false;
  insertLines(context, contentEnd(last), indented(lines, columnOf(context.text, last.start)));
  return true;
}

function quotesOfKeys({ entries }: SourceMap, { text }: EditContext): Quotes {
  const marks = new Set(entries.map(({ keySpan }) => text[keySpan.start]));
  if (marks.size !== 1) return 'plain';
  return quotesAt([...marks][0]);
}
