import type { BlockStyle } from './edit-context.ts';
import { formatYamlScalar, type Quotes } from './scalar-text.ts';

export function isMapValue(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How it is written: the layout of its neighbours, and the quotes of their keys. */
export interface BlockWriting {
  readonly style: BlockStyle;
  readonly keys: Quotes;
}

/** A value that fits behind a colon or a dash on the same line; undefined where it takes lines of its own. */
export function inlineText(value: unknown, { style }: BlockWriting): string | undefined {
  if (typeof value !== 'object' || value === null) return formatYamlScalar(value as string);
  if (!Array.isArray(value)) return Object.keys(value).length === 0 ? '{}' : undefined;
  if (value.length === 0) return '[]';
  const single = value.every((item) => typeof item !== 'object' || item === null);
  return single && style.brackets ? `[${value.map((item) => formatYamlScalar(item as string)).join(', ')}]` : undefined;
}

/** The lines of a map or list, the outermost not indented. */
export function blockLines(value: unknown, writing: BlockWriting): readonly string[] {
  if (!Array.isArray(value))
    return Object.entries(value as object).flatMap(([key, inner]) => fieldLines(key, inner, writing));
  return value.flatMap((item) => itemLines(item, writing));
}

export function fieldLines(key: string, value: unknown, writing: BlockWriting): readonly string[] {
  const head = `${formatYamlScalar(key, writing.keys)}:`;
  const inline = inlineText(value, writing);
  if (inline !== undefined) return [`${head} ${inline}`];
  const { indent, dash } = writing.style;
  return [head, ...indented(blockLines(value, writing), Array.isArray(value) ? dash : indent)];
}

export function itemLines(value: unknown, writing: BlockWriting): readonly string[] {
  const inline = inlineText(value, writing);
  if (inline !== undefined) return [`- ${inline}`];
  const [first = '', ...others] = blockLines(value, writing);
  return [`- ${first}`, ...indented(others, 2)];
}

export function indented(lines: readonly string[], columns: number): readonly string[] {
  return lines.map((line) => ' '.repeat(columns) + line);
}
