import {
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { partsOf, yamlSyntax } from './manifest-yaml.ts';
import type {
  SourceAlias,
  SourceEntry,
  SourceField,
  SourceNode,
  SourceScalar,
  SourceTree,
  Span,
} from './source-node.ts';
import { resolveScalar } from './yaml-scalar.ts';
import { createYamlReading, isMergeKey, readNode } from './yaml-value.ts';

/** The documents of a file that mean something, in their order: those that `parseYamlManifest` reads. */
export function readYamlTrees(text: string): readonly SourceTree[] {
  const trees: SourceTree[] = [];
  for (const { start: base, end } of partsOf(text)) {
    for (const { contents } of parseAllDocuments(text.slice(base, end), { ...yamlSyntax, keepSourceTokens: true })) {
      const value = readNode(contents, createYamlReading());
      if (value === null) continue;
      const reading: Reading = { text, base, aliases: [], anchors: new Map() };
      trees.push({ root: nodeOf(contents, [], reading), value, aliases: reading.aliases });
    }
  }
  return trees;
}

interface Reading {
  readonly text: string;
  /** The offset of the part of the file that the parser was given. */
  readonly base: number;
  readonly aliases: SourceAlias[];
  readonly anchors: Map<string, FieldPath>;
}

const nowhere: SourceNode = { kind: 'odd', start: 0, end: 0 };

function nodeOf(node: Node | null | undefined, path: FieldPath, reading: Reading): SourceNode {
  if (!node?.range) return nowhere;
  const start = reading.base + node.range[0];
  const end = reading.base + node.range[1];
  if (isAlias(node)) {
    noteAlias(node.source, { offset: start, path, merged: false }, reading);
    return { kind: 'alias', start, end };
  }
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, path);
  if (isMap(node)) return mapOf(node as YAMLMap<Node, Node>, path, { ...reading, start, end });
  if (isSeq(node)) return listOf(node as YAMLSeq<Node>, path, { ...reading, start, end });
  return isScalar(node) ? scalarOf(node, { start, end }, reading) : { kind: 'odd', start, end };
}

function noteAlias(name: string, place: Omit<SourceAlias, 'name' | 'target'>, { anchors, aliases }: Reading): void {
  const target = anchors.get(name);
  if (target !== undefined) aliases.push({ ...place, name, target });
}

const styles = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_FOLDED: 'block',
  BLOCK_LITERAL: 'block',
} as const;

function scalarOf({ type }: Scalar, span: Span, { text }: Reading): SourceScalar {
  const style = styles[type ?? 'PLAIN'];
  if (style === 'plain' && span.start === span.end) return { kind: 'scalar', style: 'absent', ...span };
  if (style !== 'block') return { kind: 'scalar', style, ...span };
  const keeps = /^[|>][0-9]*\+/.test(text.slice(span.start, span.start + 4));
  const written = text.slice(span.start, span.end);
  // Of a block that keeps the empty lines behind it all are its own.
  const end = span.start + (keeps ? written.replace(/\r?\n$/, '') : written.trimEnd()).length;
  const open = span.end === text.length && !written.endsWith('\n') && !/^[|>][0-9]*-/.test(written);
  return { kind: 'scalar', style, start: span.start, end, ...(open && { open }) };
}

interface Spanned extends Reading, Span {}

function mapOf(map: YAMLMap<Node, Node>, path: FieldPath, reading: Spanned): SourceNode {
  const { start, end } = reading;
  const entries: SourceField[] = [];
  let merges = false;
  for (const pair of map.items) {
    if (isMergeKey(pair.key)) {
      merges = true;
      noteMerged(pair.value, path, reading);
      continue;
    }
    const field = fieldOf(pair, path, reading);
    if (field === undefined) return { kind: 'odd', start, end };
    entries.push(field);
  }
  // `[a: b]`: an object of one field that has no braces.
  if (map.flow && reading.text[start] !== '{') return { kind: 'odd', start, end };
  return { kind: 'map', flow: map.flow === true, entries, merges, start, end };
}

function noteMerged(value: Node | null, path: FieldPath, reading: Reading): void {
  const sources = isSeq(value) ? (value as YAMLSeq<Node>).items : [value];
  for (const source of sources) {
    if (!isAlias(source)) continue;
    noteAlias(source.source, { offset: reading.base + (source.range?.[0] ?? 0), path, merged: true }, reading);
  }
}

function fieldOf(
  { key, value, srcToken }: Pair<Node, Node>,
  path: FieldPath,
  reading: Reading,
): SourceField | undefined {
  const { base } = reading;
  if (!isScalar(key) || !key.range || !srcToken?.sep) return undefined;
  if (srcToken.start.some(({ type }) => type === 'explicit-key-ind')) return undefined;
  const resolved = resolveScalar(String(key.value), key.type === 'PLAIN', key.tag);
  if ('invalid' in resolved) return undefined;
  const text = String(resolved.value);
  if (key.anchor !== undefined) reading.anchors.set(key.anchor, [...path, text]);
  const colon = srcToken.sep.find(({ type }) => type === 'map-value-ind');
  if (colon === undefined) return undefined;
  const behind = afterProps(srcToken.sep, colon.offset + 1);
  return {
    key: text,
    keySpan: { start: base + key.range[0], end: base + key.range[1] },
    start: base + Math.min(firstProp(srcToken.start) ?? key.range[0], key.range[0]),
    lead: base + behind,
    tagged: value?.tag !== undefined,
    node: nodeOf(value, [...path, text], reading),
  };
}

function listOf(list: YAMLSeq<Node>, path: FieldPath, reading: Spanned): SourceNode {
  const { start, end, base } = reading;
  const token = list.srcToken as CST.BlockSequence | CST.FlowCollection | undefined;
  // Behind the last item there may be comments only, which the parser keeps as one more.
  const items = (token?.items ?? []).filter((item) => item.value !== undefined || item.start.some(isMark));
  const flow = list.flow === true;
  if (items.length !== list.items.length) return { kind: 'odd', start, end };
  const entries = list.items.map((item, index): SourceEntry => {
    const before = items[index]?.start ?? [];
    const node = nodeOf(item, [...path, index], reading);
    const tagged = item.tag !== undefined;
    if (flow) {
      const at = base + (firstProp(before) ?? item.range?.[0] ?? 0);
      return { start: at, lead: node.start, tagged, node };
    }
    const dash = before.find(isMark)?.offset ?? item.range?.[0] ?? 0;
    return { start: base + dash, lead: base + afterProps(before, dash + 1), tagged, node };
  });
  return { kind: 'list', flow, entries, start, end };
}

function isMark({ type }: CST.SourceToken): boolean {
  return type === 'seq-item-ind';
}

function isProp({ type }: CST.SourceToken): boolean {
  return type === 'anchor' || type === 'tag';
}

function firstProp(tokens: readonly CST.SourceToken[]): number | undefined {
  return tokens.find(isProp)?.offset;
}

function afterProps(tokens: readonly CST.SourceToken[], otherwise: number): number {
  const last = tokens.findLast(isProp);
  return last === undefined ? otherwise : Math.max(otherwise, last.offset + last.source.length);
}

/** What the lexer puts into its stream where nothing stands in the text; the last announces a scalar. */
const marks = { document: '\u0002', flowEnd: '\u0018', scalar: '\u001f' } as const;

/** The places of all comments of a text; a number sign inside a scalar begins none. */
export function commentsOf(text: string): readonly Span[] {
  const comments: Span[] = [];
  let offset = 0;
  let scalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (!scalar && (lexeme === marks.document || lexeme === marks.flowEnd)) continue;
    if (!scalar && lexeme === marks.scalar) {
      scalar = true;
      continue;
    }
    if (!scalar && lexeme.startsWith('#')) comments.push({ start: offset, end: offset + lexeme.length });
    scalar = false;
    offset += lexeme.length;
  }
  return comments;
}
