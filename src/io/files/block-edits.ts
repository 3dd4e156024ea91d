import { type BlockWriting, blockLines, fieldLines, indented, inlineText, itemLines } from './block-text.ts';
import { commentsIn, type EditContext, edit, styleWithin } from './edit-context.ts';
import { quotedAlike } from './flow-edits.ts';
import { quotesAt } from './flow-text.ts';
import type { Quotes } from './scalar-text.ts';
import {
  contentEnd,
  lastNode,
  type SourceEntry,
  type SourceList,
  type SourceMap,
  type SourceNode,
} from './source-node.ts';
import { columnOf, isFirstOnLine, lineBreak, lineEnd, lineStart } from './text-edits.ts';

/*
 * Changes of what is laid out by indentation. Lines are taken away together with the break before them and put in before
 * the break of the line above, so that two changes side by side never want the same character. A comment stays, as a line
 * of its own where it stood behind something that went.
 */

/** Puts another value behind the colon or the dash. */
export function replaceInBlock(entry: SourceEntry, value: unknown, context: EditContext): void {
  const { text } = context;
  const { node, lead } = entry;
  const writing: BlockWriting = { style: context.style, keys: 'plain' };
  const inline = inlineText(value, writing);
  const end = contentEnd(entry);
  if (isBlock(node) && node.start > lineEnd(text, lead)) replaceLines(entry, { value, inline }, context);
  else if (
    inline !== undefined &&
    !isBlock(node) &&
    end > lead &&
    commentsIn(context, { start: lead, end }).length === 0
  ) {
    edit(context, node, quotedAlike(node, value, context) ?? inline);
  } else replaceBehind(entry, { value, inline }, context);
}

function isBlock(node: SourceNode): boolean {
  if (node.kind === 'map' || node.kind === 'list') return !node.flow;
  return node.kind === 'scalar' && node.style === 'block';
}

/** A value, and how it is written where that takes one line. */
interface Replacing {
  readonly value: unknown;
  readonly inline: string | undefined;
}

/** The old value has the lines below the key: whatever stands behind that stays there. */
function replaceLines(entry: SourceEntry, { value, inline }: Replacing, context: EditContext): void {
  const { text, style } = context;
  const { lead } = entry;
  const gone = { start: lineEnd(text, lead), end: lineEnd(text, contentEnd(entry)) };
  if (inline !== undefined) edit(context, { start: lead, end: lead }, ` ${inline}`);
  const lines = inline === undefined ? blockLines(value, { style, keys: 'plain' }) : [];
  const newline = lineBreak(text, lead);
  const below = indented([...commentsIn(context, gone), ...lines], columnBelow(entry, { value, inline }, context));
  edit(context, gone, below.map((line) => newline + line).join(''));
}

/** The old value begins behind the colon or the dash. */
function replaceBehind(entry: SourceEntry, { value, inline }: Replacing, context: EditContext): void {
  const gone = { start: entry.lead, end: contentEnd(entry) };
  const comments = commentsIn(context, gone);
  const lines = inline === undefined ? blockLines(value, { style: context.style, keys: 'plain' }) : [];
  // What a dash holds begins behind it; a comment in between would have to stand there too.
  const beside = isItem(entry, context) && comments.length === 0 ? lines[0] : undefined;
  const head = inline ?? beside ?? '';
  edit(context, gone, head === '' ? '' : ` ${head}`);
  const below = [...comments, ...(beside === undefined ? lines : lines.slice(1))];
  insertLines(context, gone.end, indented(below, columnBelow(entry, { value, inline }, context)));
}

function isItem(entry: SourceEntry, { text }: EditContext): boolean {
  return !('key' in entry) && text[entry.start] === '-';
}

function columnBelow(entry: SourceEntry, { value, inline }: Replacing, context: EditContext): number {
  const { dash, indent } = context.style;
  const column = columnOf(context.text, entry.start);
  if (isItem(entry, context)) return column + 2;
  return column + (inline === undefined && Array.isArray(value) ? dash : indent);
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
  const [first] = entries;
  // What is first may stand behind a dash: what stays comes in its place.
  const joined = first !== undefined && removed.has(first) && !isFirstOnLine(text, first.start);
  if (joined) joinToDash(first, entries[kept] ?? first, context);
  for (const [index, entry] of entries.entries()) {
    if (!removed.has(entry) || (joined && index < kept)) continue;
    removeLines(entry, index < kept, context);
  }
}

function joinToDash(first: SourceEntry, kept: SourceEntry, context: EditContext): void {
  const { text } = context;
  const gone = { start: first.start, end: kept.start };
  const newline = lineBreak(text, first.start);
  const margin = ' '.repeat(columnOf(text, first.start));
  edit(
    context,
    gone,
    commentsIn(context, gone)
      .map((comment) => comment + newline + margin)
      .join(''),
  );
}

/** `leading`: nothing of its collection stays above it, but something below. */
function removeLines(entry: SourceEntry, leading: boolean, context: EditContext): void {
  const { text } = context;
  const start = lineStart(text, entry.start);
  const end = lineEnd(text, contentEnd(entry));
  const newline = lineBreak(text, entry.start);
  const margin = ' '.repeat(columnOf(text, entry.start));
  const comments = commentsIn(context, { start: entry.start, end }).map((comment) => margin + comment);
  if (leading) {
    const next = text.indexOf('\n', end) + 1;
    edit(context, { start, end: next }, comments.map((line) => line + newline).join(''));
  } else if (end === text.length) {
    // The break before it may be part of the value above: whatever is above stays as it is.
    edit(context, { start, end }, comments.join(newline));
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
