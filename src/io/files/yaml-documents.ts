import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Document as ParsedDocument,
  parseAllDocuments,
} from 'yaml';
import { SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';

/** One document of a file of YAML or JSON, and where its fields stand. */
export interface YamlDocument {
  readonly value: unknown;
  /** `file:line:column` of a field; of its nearest parent where there is none. */
  locate(path: FieldPath): string;
}

/** Reads every document of a text. An empty one (a comment between two `---`) is left out. */
export function parseYamlDocuments(file: string, text: string): readonly YamlDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const read: YamlDocument[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) throw new SekishoError('ManifestInvalid', `${at(error.pos[0])}: ${error.message}`, error);
    const value = plainValue(document, at);
    if (value !== null && value !== undefined) {
      read.push({ value, locate: (path) => at(offsetOf(document.contents, path)) });
    }
  }
  return read;
}

/** Aliases are resolved here, and only so many: a file of a few lines may otherwise mean gigabytes. */
function plainValue(document: ParsedDocument, at: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SekishoError('ManifestInvalid', `${at(document.range?.[0] ?? 0)}: ${reason}`, thrown);
  }
}

function offsetOf(root: unknown, path: FieldPath): number {
  let node = root;
  let offset = startOf(node) ?? 0;
  for (const segment of path) {
    const [keyOrItem, value] = childOf(node, segment);
    if (keyOrItem === undefined) break;
    offset = startOf(keyOrItem) ?? offset;
    node = value;
  }
  return offset;
}

/** What stands for a field (its key) or an item, and what it holds. */
function childOf(node: unknown, segment: string | number): readonly [unknown, unknown] {
  if (isSeq(node) && typeof segment === 'number') return [node.items[segment], node.items[segment]];
  if (!isMap(node)) return [undefined, undefined];
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
  return [pair?.key, pair?.value];
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
