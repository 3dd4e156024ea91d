import type { FieldPath } from '../../core/pod/field-path.ts';

/*
 * A document as it is written, JSON or YAML: what stands where. Just enough for whoever wants to change a field and
 * leave every other character alone. Offsets count from the start of the file.
 */

/** From a first character to one past the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `odd`: written in a way that nobody writes manifests in, such as keys of several lines; it is not touched. */
export type SourceNode = SourceMap | SourceList | SourceScalar | (Span & { readonly kind: 'alias' | 'odd' });

/** A single value; its span leaves out anchor and tag. */
export interface SourceScalar extends Span {
  readonly kind: 'scalar';
  /** `absent`: nothing is written, which means null. */
  readonly style: 'plain' | 'single' | 'double' | 'block' | 'absent';
  /** What comes behind would become part of it: a block whose last line has no end. */
  readonly open?: true;
}

/** An object. */
export interface SourceMap extends Span {
  readonly kind: 'map';
  /** In braces. */
  readonly flow: boolean;
  readonly entries: readonly SourceField[];
  /** Other maps are merged into it by `<<`; their fields are no entries. */
  readonly merges: boolean;
}

export interface SourceList extends Span {
  readonly kind: 'list';
  /** In brackets. */
  readonly flow: boolean;
  readonly entries: readonly SourceEntry[];
}

/** An item of a list, or a field of an object. */
export interface SourceEntry {
  /** Of the key, or the dash; of an item in brackets that of its value. Anchor and tag are part of it. */
  readonly start: number;
  /** Behind the colon or the dash, and behind anchor and tag of the value: where the value can begin. */
  readonly lead: number;
  /** The value has a tag, which says what can be written behind it. */
  readonly tagged: boolean;
  readonly node: SourceNode;
}

export interface SourceField extends SourceEntry {
  readonly key: string;
  /** As it is written. */
  readonly keySpan: Span;
}

/** A place that repeats the value of another. */
export interface SourceAlias {
  readonly name: string;
  readonly offset: number;
  /** Where it stands; for one that is merged the object into which it is. */
  readonly path: FieldPath;
  readonly target: FieldPath;
  readonly merged: boolean;
}

/** One document. */
export interface SourceTree {
  readonly root: SourceNode;
  readonly value: unknown;
  readonly aliases: readonly SourceAlias[];
}

/** All of a file. */
export interface SourceText {
  readonly text: string;
  readonly json: boolean;
  readonly trees: readonly SourceTree[];
  /** In the order they stand. */
  readonly comments: readonly Span[];
}

/** The last character that belongs to a node, one past it; what an absent value's entry has. */
export function contentEnd({ lead, node }: SourceEntry): number {
  const last = (node.kind === 'map' || node.kind === 'list') && !node.flow ? node.entries.at(-1) : undefined;
  if (last !== undefined) return contentEnd(last);
  return node.kind === 'scalar' && node.style === 'absent' ? lead : node.end;
}

/** The value at the end of an entry, in its innermost last place. */
export function lastNode({ node }: SourceEntry): SourceNode {
  const last = (node.kind === 'map' || node.kind === 'list') && !node.flow ? node.entries.at(-1) : undefined;
  return last === undefined ? node : lastNode(last);
}
