import { type FieldPath, valueAt } from '../../core/pod/field-path.ts';
import { deepest, keyOf, type Line, note, type Places, readInline, unusual } from './simple-yaml-line.ts';

/*
 * Most manifests are written in a small part of YAML: block maps and lists, scalars and flow collections on one line,
 * comments. That part is read here, ten times faster than the whole language can be.
 * Whatever is not certainly within it (anchors, tags, block scalars, scalars of several lines, tabs, odd indentation,
 * duplicate keys, anything broken) is left to the parser: being unsure costs time, never correctness. The tests hold
 * both against each other.
 */

/** The value of one document, or undefined where it takes the whole language to tell. */
export function readSimpleYaml(text: string): { readonly value: unknown } | undefined {
  return readAll(text, undefined);
}

/** The offset of each field's key and of each item, for a text that `readSimpleYaml` reads; found at the first question. */
export function simpleYamlLocator(text: string): (path: FieldPath) => number {
  const places: Places = new Map();
  const root = readAll(text, places);
  const start = places.get(startOfAll)?.get(0) ?? 0;
  return (path) => {
    let value = root?.value;
    let offset = start;
    for (const segment of path) {
      const place = typeof value === 'object' && value !== null ? places.get(value)?.get(segment) : undefined;
      if (place === undefined) break;
      offset = place;
      value = valueAt(value, [segment]);
    }
    return offset;
  };
}

const startOfAll = {};

function readAll(text: string, places: Places | undefined): { readonly value: unknown } | undefined {
  if (/[\t\r\ufeff]/.test(text)) return undefined;
  try {
    const reading: Reading = { lines: linesOf(text), at: 0, places };
    if (reading.lines[0]?.indent !== 0) return undefined;
    places?.set(startOfAll, new Map([[0, reading.lines[0].offset]]));
    const value = readMap(reading, 0, 0);
    return reading.at === reading.lines.length ? { value } : undefined;
  } catch (thrown) {
    if (thrown === unusual) return undefined;
    throw thrown;
  }
}

interface Reading {
  readonly lines: Line[];
  at: number;
  readonly places: Places | undefined;
}

const longestLine = 4096;
const separator = /^---(?: *| +#.*)$/;

/** Without what means nothing: comments, empty lines, the separator at the top. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const whole of text.split('\n')) {
    const offset = start;
    start += whole.length + 1;
    // The patterns below take stack for every character.
    if (whole.length > longestLine) throw unusual;
    const indent = whole.search(/[^ ]/);
    if (indent < 0 || whole[indent] === '#' || (lines.length === 0 && separator.test(whole))) continue;
    lines.push({ indent, text: indent === 0 ? whole : whole.slice(indent), offset: offset + indent });
  }
  return lines;
}

const keyLine = /^([A-Za-z_][A-Za-z0-9_./-]*):(?: +|$)/;

function readMap(reading: Reading, indent: number, depth: number): unknown {
  if (depth > deepest) throw unusual;
  const map: Record<string, unknown> = {};
  for (let line = reading.lines[reading.at]; line !== undefined; line = reading.lines[reading.at]) {
    if (line.indent < indent) break;
    const match = line.indent === indent ? keyLine.exec(line.text) : null;
    if (match === null) throw unusual;
    const key = keyOf(match[1] ?? '');
    if (Object.hasOwn(map, key)) throw unusual;
    const rest = line.text.slice(match[0].length);
    reading.at++;
    note(reading.places, map, { key, offset: line.offset });
    const nested = rest === '' || rest[0] === '#';
    map[key] = nested ? readNested(reading, indent, depth + 1) : readInline(rest, line, reading.places);
  }
  return map;
}

/** What follows a key without a value: something deeper, a list at the key's own indentation, or nothing. */
function readNested(reading: Reading, indent: number, depth: number): unknown {
  const line = reading.lines[reading.at];
  if (line === undefined || line.indent < indent) return null;
  if (line.text.startsWith('- ')) return readList(reading, { indent: line.indent, parent: indent, depth });
  return line.indent > indent ? readMap(reading, line.indent, depth) : null;
}

interface Place {
  readonly indent: number;
  /** The indentation of the key that the list belongs to. */
  readonly parent: number;
  readonly depth: number;
}

function readList(reading: Reading, { indent, parent, depth }: Place): unknown {
  if (depth > deepest) throw unusual;
  const list: unknown[] = [];
  for (let line = reading.lines[reading.at]; line !== undefined; line = reading.lines[reading.at]) {
    if (line.indent < indent) break;
    if (line.indent > indent) throw unusual;
    if (!line.text.startsWith('- ')) {
      // Only the next key may stand here.
      if (indent === parent) break;
      throw unusual;
    }
    note(reading.places, list, { key: list.length, offset: line.offset + itemStart(line) });
    list.push(readItem(reading, line, depth));
  }
  return list;
}

/** Behind the dash and its spaces. */
function itemStart({ text }: Line): number {
  return text.slice(1).search(/[^ ]/) + 1;
}

function readItem(reading: Reading, line: Line, depth: number): unknown {
  const inside = itemStart(line);
  const rest = line.text.slice(inside);
  if (!keyLine.test(rest)) {
    reading.at++;
    return readInline(rest, line, reading.places);
  }
  // A map that begins behind the dash: as if its first line stood alone.
  const indent = line.indent + inside;
  reading.lines[reading.at] = { indent, text: rest, offset: line.offset + inside };
  return readMap(reading, indent, depth + 1);
}
