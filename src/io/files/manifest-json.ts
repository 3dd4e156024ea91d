import type { FieldPath } from '../../core/pod/field-path.ts';
import { createJsonSplitter, type JsonDocument } from './json-documents.ts';
import type { Source, SourceDocument, SourceProblem } from './source-document.ts';

/** Reads one JSON document, or several one after another, as kubectl does. A duplicate key is an error, as in YAML. */
export function parseJsonManifest(text: string): Source {
  const documents: SourceDocument[] = [];
  const problems: SourceProblem[] = [];
  const splitter = createJsonSplitter();
  const read = (document: JsonDocument): void => {
    const problem = document.problem ?? readDocument(document, documents);
    if (problem !== undefined) problems.push(problem);
  };
  for (const document of splitter.push(text)) read(document);
  for (const document of splitter.end()) read(document);
  return { documents, problems };
}

function readDocument({ text, offset }: JsonDocument, documents: SourceDocument[]): SourceProblem | undefined {
  const { root, duplicate } = mapJson(text);
  if (duplicate !== undefined) {
    return { offset: offset + duplicate.offset, message: `the key ${JSON.stringify(duplicate.key)} stands twice` };
  }
  const value: unknown = JSON.parse(text);
  if (value !== null) documents.push({ value, locate: (path) => offset + locate(root, path) });
  return undefined;
}

/** A value's place: for a field that of its key. */
interface JsonNode {
  readonly start: number;
  readonly fields?: Map<string, JsonNode>;
  readonly items?: JsonNode[];
}

interface JsonMap {
  readonly root: JsonNode;
  readonly duplicate: { readonly key: string; readonly offset: number } | undefined;
}

function locate(root: JsonNode, path: FieldPath): number {
  let node = root;
  for (const segment of path) {
    const child = typeof segment === 'number' ? node.items?.[segment] : node.fields?.get(segment);
    if (child === undefined) break;
    node = child;
  }
  return node.start;
}

/** Notes where every field of a valid document stands. No recursion: it may be as deep as it likes. */
function mapJson(text: string): JsonMap {
  const holder: JsonNode = { start: 0, items: [] };
  const open: JsonNode[] = [holder];
  let duplicate: JsonMap['duplicate'];
  let key: { readonly text: string; readonly start: number } | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    const parent = open.at(-1) ?? holder;
    if (character === '}' || character === ']') open.pop();
    else if (!' \t\r\n,:'.includes(character)) {
      const end = endOfScalar(text, index);
      if (character === '"' && parent.fields !== undefined && key === undefined) {
        key = { text: JSON.parse(text.slice(index, end)) as string, start: index };
        if (parent.fields.has(key.text)) duplicate ??= { key: key.text, offset: index };
      } else {
        const node = nodeAt(character, key?.start ?? index);
        if (key === undefined) parent.items?.push(node);
        else parent.fields?.set(key.text, node);
        key = undefined;
        if (node.fields !== undefined || node.items !== undefined) open.push(node);
      }
      index = end - 1;
    }
  }
  return { root: holder.items?.[0] ?? holder, duplicate };
}

function nodeAt(character: string, start: number): JsonNode {
  if (character === '{') return { start, fields: new Map() };
  return character === '[' ? { start, items: [] } : { start };
}

/** One past a string, number or word; one past the bracket that opens a container. */
function endOfScalar(text: string, start: number): number {
  const first = text[start];
  let index = start + 1;
  if (first === '{' || first === '[') return index;
  if (first !== '"') {
    while (index < text.length && !' \t\r\n,:]}'.includes(text[index] ?? '')) index++;
    return index;
  }
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}
