import { SekishoError } from '../../core/error.ts';
import { createJsonSplitter } from './json-documents.ts';
import type { SourceEntry, SourceField, SourceNode, SourceTree } from './source-node.ts';

/** The documents of a JSON file that mean something, in their order: those that `parseJsonManifest` reads. */
export function readJsonTrees(text: string): readonly SourceTree[] {
  const splitter = createJsonSplitter();
  const trees: SourceTree[] = [];
  for (const document of [...splitter.push(text), ...splitter.end()]) {
    const value: unknown = JSON.parse(document.text);
    if (value === null) continue;
    const root = readValue({ text, at: document.offset }, 0);
    trees.push({ root, value, aliases: [] });
  }
  return trees;
}

/** What is valid JSON; nothing is checked again. */
interface Reading {
  readonly text: string;
  at: number;
}

/** Deeper than any manifest; reading recurses. */
const deepest = 500;

function readValue(reading: Reading, depth: number): SourceNode {
  if (depth > deepest) throw new SekishoError('ManifestInvalid', 'is nested too deeply');
  skipSpace(reading);
  const { text, at: start } = reading;
  const first = text[start];
  if (first === '{' || first === '[') return readCollection(reading, first, depth);
  reading.at = first === '"' ? endOfText(text, start) : endOfWord(text, start);
  return { kind: 'scalar', style: first === '"' ? 'double' : 'plain', start, end: reading.at };
}

function readCollection(reading: Reading, open: '{' | '[', depth: number): SourceNode {
  const start = reading.at;
  const close = open === '{' ? '}' : ']';
  const fields: SourceField[] = [];
  const items: SourceEntry[] = [];
  reading.at++;
  for (skipSpace(reading); reading.text[reading.at] !== close; skipSpace(reading)) {
    if (reading.text[reading.at] === ',') reading.at++;
    skipSpace(reading);
    if (open === '{') fields.push(readField(reading, depth));
    else items.push(readItem(reading, depth));
  }
  reading.at++;
  const span = { start, end: reading.at, flow: true };
  return open === '{'
    ? { kind: 'map', ...span, entries: fields, merges: false }
    : { kind: 'list', ...span, entries: items };
}

function readField(reading: Reading, depth: number): SourceField {
  const start = reading.at;
  const end = endOfText(reading.text, start);
  reading.at = end;
  skipSpace(reading);
  reading.at++;
  const lead = reading.at;
  const key = JSON.parse(reading.text.slice(start, end)) as string;
  return { key, keySpan: { start, end }, start, lead, tagged: false, node: readValue(reading, depth + 1) };
}

function readItem(reading: Reading, depth: number): SourceEntry {
  const node = readValue(reading, depth + 1);
  return { start: node.start, lead: node.start, tagged: false, node };
}

function skipSpace(reading: Reading): void {
  while (' \t\r\n'.includes(reading.text[reading.at] ?? '.')) reading.at++;
}

function endOfText(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}

function endOfWord(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && !' \t\r\n,:]}'.includes(text[index] ?? '')) index++;
  return index;
}
