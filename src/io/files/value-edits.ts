import { isDeepStrictEqual } from 'node:util';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { followsTarget, refusalsOfAliases } from './alias-edits.ts';
import { addToBlockList, addToBlockMap, removeFromBlock, replaceInBlock } from './block-edits.ts';
import { isMapValue } from './block-text.ts';
import { type EditContext, type EditRefusal, styleOf, styleWithin } from './edit-context.ts';
import { addToFlow, removeFromFlow, replaceInFlow, rewriteFlow } from './flow-edits.ts';
import { flowField, flowText, flowWriting, type SourceCollection } from './flow-text.ts';
import type { SourceEntry, SourceList, SourceMap, SourceNode, SourceText, SourceTree } from './source-node.ts';
import type { TextEdit } from './text-edits.ts';

/** What makes a document mean something else, or why that cannot be done. */
export interface ValueEdits {
  readonly edits: readonly TextEdit[];
  readonly refusals: readonly EditRefusal[];
}

/** The smallest edits of its text that make a document mean another value. What is equal keeps every character. */
export function editsToValue({ text, json, comments }: SourceText, tree: SourceTree, value: unknown): ValueEdits {
  const context: EditContext = {
    text,
    json,
    comments,
    style: styleOf(text, tree.root),
    colon: json ? colonOf(text, tree.root) : ': ',
    edits: [],
    refusals: refusalsOfAliases(tree, value, text),
  };
  if (context.refusals.length === 0) {
    const root = { start: tree.root.start, lead: tree.root.start, tagged: false, node: tree.root };
    change(
      { entry: root, within: undefined, path: [] },
      { before: tree.value, after: value },
      { ...context, tree, value },
    );
  }
  return context;
}

function colonOf(text: string, root: SourceNode): string {
  const field = root.kind === 'map' ? root.entries[0] : undefined;
  return field === undefined ? ': ' : text.slice(field.keySpan.end, field.node.start);
}

interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

interface Place {
  readonly entry: SourceEntry;
  /** Absent at the root. */
  readonly within: SourceCollection | undefined;
  readonly path: FieldPath;
}

interface Walk extends EditContext {
  readonly tree: SourceTree;
  /** What the document is to mean. */
  readonly value: unknown;
}

function refuse({ refusals }: EditContext, path: FieldPath, message: string): void {
  refusals.push({ path, message });
}

function change(place: Place, { before, after }: Change, walk: Walk): void {
  if (before === after || isDeepStrictEqual(before, after)) return;
  const { node } = place.entry;
  if (node.kind === 'odd') refuse(walk, place.path, 'it is written in a way that is not edited');
  else if (node.kind === 'map' && isMapValue(before) && isMapValue(after)) {
    changeMap({ ...place, node }, { before, after }, walk);
  } else if (node.kind === 'list' && Array.isArray(before) && Array.isArray(after)) {
    changeList({ ...place, node }, { before, after }, walk);
  } else if (node.kind !== 'alias' || !followsTarget(node.start, after, walk)) replace(place, after, walk);
}

function replace({ entry, within, path }: Place, value: unknown, context: EditContext): void {
  if (within === undefined) refuse(context, path, 'all of it would change');
  else if (entry.tagged) refuse(context, path, 'it has a tag, which says what it may be');
  else if (!within.flow) replaceInBlock(entry, value, context);
  else if (!replaceInFlow(entry, { value, within }, context)) refuse(context, path, 'a comment in it would be lost');
}

interface MapPlace extends Place {
  readonly node: SourceMap;
}

type Fields = Readonly<Record<string, unknown>>;

function changeMap(
  place: MapPlace,
  { before, after }: { readonly before: Fields; readonly after: Fields },
  walk: Walk,
): void {
  const { node, path } = place;
  const style = styleWithin(walk.text, node, walk.style);
  const written = new Set(node.entries.map(({ key }) => key));
  const added: (readonly [string, unknown])[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (written.has(key) || isDeepStrictEqual(before[key], after[key])) continue;
    if (Object.hasOwn(before, key)) refuse(walk, [...path, key], 'it comes from another place by <<');
    else added.push([key, after[key]]);
  }
  const removed = new Set<SourceEntry>();
  for (const entry of node.entries) {
    const { key } = entry;
    if (!Object.hasOwn(after, key)) removed.add(entry);
    else if (before[key] !== after[key]) {
      change(
        { entry, within: node, path: [...path, key] },
        { before: before[key], after: after[key] },
        { ...walk, style },
      );
    }
  }
  settle({ place, added, removed, after }, { ...walk, style });
}

interface ListPlace extends Place {
  readonly node: SourceList;
}

function changeList(
  place: ListPlace,
  { before, after }: { readonly before: readonly unknown[]; readonly after: readonly unknown[] },
  walk: Walk,
): void {
  const { node, path } = place;
  const stays = itemsThatStay(before, after);
  const removed = new Set<SourceEntry>();
  let next = 0;
  for (const [index, entry] of node.entries.entries()) {
    if (stays === undefined ? index >= after.length : !stays.has(index)) removed.add(entry);
    else change({ entry, within: node, path: [...path, index] }, { before: before[index], after: after[next++] }, walk);
  }
  settle({ place, added: after.slice(next), removed, after }, walk);
}

/** The items of a list of which some are taken away; undefined where that is not what happens to it. */
function itemsThatStay(before: readonly unknown[], after: readonly unknown[]): ReadonlySet<number> | undefined {
  if (after.length >= before.length) return undefined;
  const stays = new Set<number>();
  for (const [index, item] of before.entries()) {
    if (stays.size < after.length && isDeepStrictEqual(item, after[stays.size])) stays.add(index);
  }
  return stays.size === after.length ? stays : undefined;
}

interface Settlement {
  readonly place: MapPlace | ListPlace;
  readonly added: readonly unknown[];
  readonly removed: ReadonlySet<SourceEntry>;
  readonly after: unknown;
}

/** What goes and what comes, after what stays was changed. */
function settle(settlement: Settlement, context: EditContext): void {
  const { place, added, removed } = settlement;
  if (added.length + removed.size === 0) return;
  const { node, within, path } = place;
  const last = node.entries.findLast((entry) => !removed.has(entry));
  const inBlock = within !== undefined && !within.flow;
  if (last === undefined && (removed.size > 0 || inBlock)) {
    fillAnew(settlement, context);
    return;
  }
  if (removed.size > 0) (node.flow ? removeFromFlow : removeFromBlock)(node, removed, context);
  if (added.length > 0 && !add(place, { added, last }, context)) {
    refuse(context, path, 'nothing can be put behind what is last in it');
  }
}

/** Nothing of it stays: it is written as its neighbours are, or between the braces in which something stood. */
function fillAnew({ place, added, removed, after }: Settlement, context: EditContext): void {
  const { node, path } = place;
  const inBraces = node.flow && removed.size > 0 && added.length > 0;
  if (node.kind === 'map' && node.merges) refuse(context, path, 'nothing but << would be left of it');
  else if (!inBraces || !rewriteFlow(node, after, context)) replace(place, after, context);
}

function add(
  { node, within }: MapPlace | ListPlace,
  { added, last }: { readonly added: readonly unknown[]; readonly last: SourceEntry | undefined },
  context: EditContext,
): boolean {
  if (node.flow) {
    const writing = flowWriting(node, within?.flow ? within : undefined, context);
    const texts = added.map((each) => {
      return node.kind === 'list' ? flowText(each, writing) : flowField(...(each as [string, unknown]), writing);
    });
    return addToFlow(node, { texts, last, writing }, context);
  }
  if (last === undefined) return false;
  if (node.kind === 'list') return addToBlockList({ added, last }, context);
  return addToBlockMap(node, { added: added as readonly [string, unknown][], last }, context);
}
