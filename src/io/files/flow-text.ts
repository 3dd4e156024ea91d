import type { EditContext } from './edit-context.ts';
import { formatYamlScalar, type Quotes } from './scalar-text.ts';
import type { SourceList, SourceMap } from './source-node.ts';
import { lineBreak, lineStart } from './text-edits.ts';

/** What stands in braces or brackets. */
export type SourceCollection = SourceMap | SourceList;

/** How a collection in braces or brackets is written by whoever wrote it. */
export interface FlowWriting {
  readonly json: boolean;
  readonly colon: string;
  readonly comma: string;
  /** Inside the braces of a map. */
  readonly padding: string;
  readonly keys: Quotes;
  /** Where each entry has a line of its own, what stands before it there; and one step of that. */
  readonly margin: string | undefined;
  readonly step: string;
  readonly newline: string;
}

/** An empty one is written like the one that it stands in. */
export function flowWriting(
  collection: SourceCollection,
  within: SourceCollection | undefined,
  context: EditContext,
): FlowWriting {
  const { text, json, colon } = context;
  const last = collection.entries.at(-1);
  if (last === undefined && within !== undefined) {
    const around = flowWriting(within, undefined, context);
    return { ...around, margin: around.margin === undefined ? undefined : around.margin + around.step };
  }
  const field = collection.kind === 'map' ? collection.entries.at(-1) : undefined;
  const spaced = field !== undefined && text[collection.start + 1] === ' ';
  return {
    json,
    colon,
    comma: /\s$/.test(colon) ? ', ' : ',',
    padding: spaced ? ' ' : '',
    keys: field === undefined ? 'plain' : quotesAt(text[field.keySpan.start]),
    newline: lineBreak(text, collection.start),
    ...marginOf(collection, text),
  };
}

function marginOf({ start, entries }: SourceCollection, text: string): Pick<FlowWriting, 'margin' | 'step'> {
  const last = entries.at(-1);
  const margin = last === undefined ? '.' : text.slice(lineStart(text, last.start), last.start);
  if (!/^[ \t]*$/.test(margin)) return { margin: undefined, step: '' };
  const outer = /^[ \t]*/.exec(text.slice(lineStart(text, start), start))?.[0] ?? '';
  const deeper = margin.startsWith(outer) ? margin.slice(outer.length) : '';
  return { margin, step: deeper === '' ? '  ' : deeper };
}

export function quotesAt(mark: string | undefined): Quotes {
  if (mark === '"') return 'double';
  return mark === "'" ? 'single' : 'plain';
}

/** A value on one line, or where its neighbours have lines of their own on lines like theirs. */
export function flowText(value: unknown, writing: FlowWriting): string {
  const { json, margin, step, newline, padding } = writing;
  if (typeof value !== 'object' || value === null) {
    return json ? JSON.stringify(value) : formatYamlScalar(value as string);
  }
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const inner = margin === undefined ? writing : { ...writing, margin: margin + step };
  const texts = Array.isArray(value)
    ? value.map((item) => flowText(item, inner))
    : Object.entries(value).map(([key, field]) => flowField(key, field, inner));
  if (texts.length === 0) return open + close;
  if (margin !== undefined) {
    const lines = texts.join(`,${newline}${margin}${step}`);
    return `${open}${newline}${margin}${step}${lines}${newline}${margin}${close}`;
  }
  const space = Array.isArray(value) ? '' : padding;
  return open + space + texts.join(writing.comma) + space + close;
}

export function flowField(key: string, value: unknown, writing: FlowWriting): string {
  const name = writing.json ? JSON.stringify(key) : formatYamlScalar(key, writing.keys);
  return name + writing.colon + flowText(value, writing);
}
