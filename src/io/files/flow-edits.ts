import { commentsIn, type EditContext, edit } from './edit-context.ts';
import { type FlowWriting, flowText, flowWriting, type SourceCollection } from './flow-text.ts';
import { formatYamlScalar } from './scalar-text.ts';
import { contentEnd, type SourceEntry, type SourceNode, type Span } from './source-node.ts';
import { isFirstOnLine, lineBreak, lineEnd } from './text-edits.ts';

/* Changes of what stands in braces and brackets: JSON, and the part of YAML that looks like it. */

/** Puts another value in the place of one. False where a comment would be lost. */
export function replaceInFlow(
  entry: SourceEntry,
  { value, within }: { readonly value: unknown; readonly within: SourceCollection },
  context: EditContext,
): boolean {
  const { node, lead } = entry;
  const absent = contentEnd(entry) === lead;
  const span = absent ? { start: lead, end: lead } : node;
  if (commentsIn(context, span).length > 0) return false;
  const text = quotedAlike(node, value, context) ?? flowText(value, flowWriting(within, undefined, context));
  edit(context, span, absent ? ` ${text}` : text);
  return true;
}

/** Puts another value, which is not empty, between the braces of one. False where a comment would be lost. */
export function rewriteFlow(collection: SourceCollection, value: unknown, context: EditContext): boolean {
  if (commentsIn(context, collection).length > 0) return false;
  const writing = flowWriting(collection, undefined, context);
  const { margin, step } = writing;
  const outer = margin?.slice(0, margin.length - step.length);
  edit(context, collection, flowText(value, { ...writing, margin: outer }));
  return true;
}

/** A text takes the quotes of the one that it takes the place of. */
export function quotedAlike(node: SourceNode, value: unknown, { json }: EditContext): string | undefined {
  if (json || typeof value !== 'string' || node.kind !== 'scalar') return undefined;
  return node.style === 'single' || node.style === 'double' ? formatYamlScalar(value, node.style) : undefined;
}

/** What is put into a collection. */
export interface FlowAddition {
  readonly texts: readonly string[];
  /** The last entry that stays; absent where the collection has none. */
  readonly last: SourceEntry | undefined;
  readonly writing: FlowWriting;
}

/** Puts entries behind those that stay. False where a comment would be lost. */
export function addToFlow(collection: SourceCollection, addition: FlowAddition, context: EditContext): boolean {
  const { texts, last, writing } = addition;
  if (last === undefined) return fillEmpty(collection, addition, context);
  const { margin, newline } = writing;
  const separator = margin === undefined ? writing.comma : `,${newline}${margin}`;
  const end = contentEnd(last);
  // Behind an entry that goes there is a comma, and it goes too.
  const isLast = last === collection.entries.at(-1);
  const comma = isLast ? commaIn({ start: end, end: collection.end - 1 }, context) : undefined;
  const behind = lineEnd(context.text, comma ?? end);
  const joined = texts.join(separator);
  if (margin !== undefined && isLast && behind < collection.end) {
    // The line may end in a comment, which is that of the entry before.
    if (comma === undefined) edit(context, { start: end, end }, ',');
    edit(context, { start: behind, end: behind }, newline + margin + joined + (comma === undefined ? '' : ','));
  } else if (comma === undefined) edit(context, { start: end, end }, separator + joined);
  else edit(context, { start: comma + 1, end: comma + 1 }, ` ${joined},`);
  return true;
}

function fillEmpty(
  { kind, start, end }: SourceCollection,
  { texts, writing }: FlowAddition,
  context: EditContext,
): boolean {
  const { margin, step, newline, comma, padding } = writing;
  const inside = { start: start + 1, end: end - 1 };
  if (commentsIn(context, inside).length > 0) return false;
  const space = kind === 'map' ? padding : '';
  if (margin === undefined) edit(context, inside, space + texts.join(comma) + space);
  else {
    const lines = texts.join(`,${newline}${margin}`);
    edit(context, inside, newline + margin + lines + newline + margin.slice(0, margin.length - step.length));
  }
  return true;
}

/** Takes entries out of a collection in which others stay. */
export function removeFromFlow(
  { entries }: SourceCollection,
  removed: ReadonlySet<SourceEntry>,
  context: EditContext,
): void {
  const kept = entries.findIndex((entry) => !removed.has(entry));
  for (const [index, entry] of entries.entries()) {
    if (!removed.has(entry)) continue;
    const own = { start: entry.start, end: contentEnd(entry) };
    // What is before all that stay goes with the comma behind it, everything else with the one before it.
    const between =
      index < kept
        ? { start: own.end, end: entries[index + 1]?.start ?? own.end }
        : { start: contentEnd(entries[index - 1] ?? entry), end: own.start };
    const whole = { start: Math.min(own.start, between.start), end: Math.max(own.end, between.end) };
    if (commentsIn(context, whole).length === 0) edit(context, whole, '');
    else removeAmongComments(own, between, context);
  }
}

function removeAmongComments(own: Span, between: Span, context: EditContext): void {
  const { text } = context;
  const newline = lineBreak(text, own.start);
  const comma = commaIn(between, context);
  const kept = commentsIn(context, own).map((comment) => comment + newline);
  // A comment that stood behind it comes to stand where it began.
  const alone = kept.length === 0 && isFirstOnLine(text, own.start);
  const behind = (end: number): number => (alone ? end + (/^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0) : end);
  const ahead = comma !== undefined && comma >= own.end;
  edit(context, { start: own.start, end: ahead ? own.end : behind(own.end) }, kept.join(''));
  if (comma !== undefined) edit(context, { start: comma, end: ahead ? behind(comma + 1) : comma + 1 }, '');
}

/** The comma between two entries, or behind the last: comments may stand around it, and hold others. */
function commaIn(span: Span, { text, comments }: EditContext): number | undefined {
  for (let at = span.start; at < span.end; at++) {
    const comment = comments.find(({ start }) => start === at);
    if (comment !== undefined) at = comment.end - 1;
    else if (text[at] === ',') return at;
  }
  return undefined;
}
