import { type Document, parseAllDocuments } from 'yaml';
import { messageOf, SekishoError } from '../../core/error.ts';
import { readSimpleYaml, simpleYamlLocator } from './simple-yaml.ts';
import type { Source, SourceDocument, SourceProblem } from './source-document.ts';
import { createYamlReading, locateNode, readNode } from './yaml-value.ts';

/*
 * YAML as kubectl reads it: cut at `---` before anything is parsed, scalars by yaml-scalar.ts, keys and merges by
 * yaml-value.ts. Most documents need no more than simple-yaml.ts; for the others the parser is used, and for its syntax
 * alone (schema `failsafe`: every scalar is text). A duplicate key, of which kubectl takes the last, is an error here:
 * one of the two is not what its author meant.
 */
export const yamlSyntax = {
  version: '1.1',
  schema: 'failsafe',
  resolveKnownTags: false,
  merge: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

export function parseYamlManifest(text: string): Source {
  const documents: SourceDocument[] = [];
  const problems: SourceProblem[] = [];
  for (const part of partsOf(text)) readPart(text, part, { documents, problems });
  return { documents, problems };
}

/** The same, document after document: of ten thousand in one text nobody needs all at once. */
export function* eachYamlDocument(text: string): Generator<Source> {
  for (const part of partsOf(text)) {
    const source = { documents: [], problems: [] };
    readPart(text, part, source);
    yield source;
  }
}

function readPart(text: string, { start, end }: Part, { documents, problems }: Pick<Found, 'documents' | 'problems'>) {
  const part = text.slice(start, end);
  const simple = readSimpleYaml(part);
  const template = templateOf(part);
  if (simple === undefined) parsePart(part, start, { documents, problems, template });
  else documents.push({ value: simple.value, locate: locatorOf(part, start), template });
}

/** Positions are looked for when somebody asks: most documents break no rule. */
function locatorOf(part: string, base: number): SourceDocument['locate'] {
  let locate: SourceDocument['locate'] | undefined;
  return (path) => {
    locate ??= simpleYamlLocator(part);
    return base + locate(path);
  };
}

function parsePart(part: string, base: number, found: Found): void {
  try {
    for (const document of parseAllDocuments(part, yamlSyntax)) readDocument(document, base, found);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    found.problems.push({ offset: base, message: tooDeep, template: found.template });
  }
}

interface Part {
  readonly start: number;
  readonly end: number;
}

const separator = /^---[ \t]*(?:#.*)?\r?$/gm;
const nothing = /^(?:---.*\n)?(?:[ \t]*(?:#.*)?\r?\n|%.*\n)*$/;

/** The text between separators. What has only comments and directives belongs to the document that follows. */
export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let start = 0;
  let looked = 0;
  for (const { index } of text.matchAll(separator)) {
    const empty = nothing.test(text.slice(looked, index));
    looked = index;
    if (empty) continue;
    parts.push({ start, end: index });
    start = index;
  }
  parts.push({ start, end: text.length });
  return parts;
}

/**
 * What `helm template` writes above a document. Whoever writes manifests by hand may write such a comment too, so it must
 * name what is a template or a CRD of a chart, and stand where Helm puts it.
 */
const sourceComment = /^---[ \t]*\r?\n# Source: ([^/\s:]+(?:\/charts\/[^/\s:]+)*\/(?:templates|crds)\/[^\r\n]+?)\r?$/gm;

function templateOf(part: string): string | undefined {
  if (!part.includes('\n# Source: ')) return undefined;
  // Templates that made nothing but comments stand before the one that made the document.
  return [...part.matchAll(sourceComment)].at(-1)?.[1];
}

/** Parser and reader recurse: an absurdly deep document overflows the stack, and must not take the program along. */
const tooDeep = 'is nested too deeply';

function messageOfParser(message: string): string {
  if (message.includes('call stack')) return tooDeep;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

interface Found {
  readonly documents: SourceDocument[];
  readonly problems: SourceProblem[];
  readonly template: string | undefined;
}

function readDocument(document: Document.Parsed, base: number, { documents, problems, template }: Found): void {
  const [error] = document.errors;
  if (error !== undefined) {
    problems.push({ offset: base + error.pos[0], message: messageOfParser(error.message), template });
    return;
  }
  const root = document.contents;
  const reading = createYamlReading();
  try {
    const value = readNode(root, reading);
    if (value === null) return;
    documents.push({ value, locate: (path) => base + locateNode(root, path, reading), template });
  } catch (thrown) {
    if (!(thrown instanceof SekishoError)) throw thrown;
    problems.push({ offset: base + reading.at, message: messageOf(thrown), template });
  }
}
