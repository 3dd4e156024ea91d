import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { parseJsonManifest } from './manifest-json.ts';
import { collectObjects, type ManifestObject } from './manifest-objects.ts';
import { parseYamlManifest } from './manifest-yaml.ts';
import { createPositions, type Position, type Source } from './source-document.ts';

/** Standard input, where a file is named. */
export const standardInput = '-';

/** Why something cannot be judged, and where that shows. */
export interface ManifestProblem {
  readonly file: string;
  readonly position?: Position;
  readonly message: string;
}

/** What one file was found to hold. */
export interface Manifest {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

/** The files that paths lead to. */
export interface ManifestFiles {
  readonly files: readonly string[];
  readonly problems: readonly ManifestProblem[];
}

/** What is looked for in folders. */
export interface FileKind {
  readonly name: RegExp;
  readonly problemWithout: string;
}

const manifestFiles: FileKind = {
  name: /\.(?:ya?ml|json)$/i,
  problemWithout: 'holds no manifest (*.yaml, *.yml, *.json)',
};

/** An operator's tests may lie beside what they test. */
export const testFiles: FileKind = {
  name: /\.sekisho-test\.(?:ya?ml|json)$/i,
  problemWithout: 'holds no test (*.sekisho-test.yaml, .yml, .json)',
};

/**
 * Files as they are named; folders with all below them, sorted, only `*.yaml`, `*.yml` and `*.json`, and nothing whose
 * name begins with a dot. A folder without any manifest is a problem: checking nothing must not look like a pass.
 */
export function listManifests(paths: readonly string[], kind: FileKind = manifestFiles): ManifestFiles {
  const files: string[] = [];
  const problems: ManifestProblem[] = [];
  for (const path of paths) {
    const before = files.length + problems.length;
    if (path === standardInput) files.push(path);
    else visit(path, { files, problems, parents: [], name: undefined, kind });
    if (files.length + problems.length === before) {
      problems.push({ file: path, message: kind.problemWithout });
    }
  }
  return { files, problems };
}

interface Visit {
  readonly files: string[];
  readonly problems: ManifestProblem[];
  /** The real paths of the folders above: a link to one of them would never end. */
  readonly parents: readonly string[];
  /** Absent where the path was given on the command line: then any name will do. */
  readonly name: string | undefined;
  readonly kind: FileKind;
}

function visit(path: string, { files, problems, parents, name, kind }: Visit): void {
  try {
    if (!statSync(path).isDirectory()) {
      if (name === undefined || kind.name.test(name)) files.push(path);
      return;
    }
    const real = realpathSync(path);
    if (parents.includes(real)) return;
    const inside = { files, problems, parents: [...parents, real], kind };
    for (const each of readdirSync(path).sort()) {
      if (!each.startsWith('.')) visit(join(path, each), { ...inside, name: each });
    }
  } catch (thrown) {
    problems.push({ file: path, message: unreadable(thrown) });
  }
}

export function unreadable(thrown: unknown): string {
  // Node's message repeats call and path: `ENOENT: no such file or directory, stat 'x'`.
  return `cannot be read: ${messageOf(thrown).replace(/, \w+(?: '.*')?$/s, '')}`;
}

/** One document of a file, and where its fields stand. */
export interface ManifestDocument {
  readonly value: unknown;
  /** Of a field; of its nearest parent where there is none. */
  position(path: FieldPath): Position;
}

/** Reads one file, or standard input, whole. What is broken in it becomes a problem, the rest is read. */
export async function readManifest(file: string): Promise<Manifest> {
  const { documents, problems } = await readManifestDocuments(file);
  const objects: ManifestObject[] = [];
  const found = [...problems];
  for (const { value, position } of documents) {
    const broken = (path: FieldPath, message: string): void => {
      found.push({ file, position: position(path), message });
    };
    collectObjects(value, { objects, position, broken });
  }
  return { objects, problems: found };
}

/** The same before anybody asks whether a document is an object. */
export async function readManifestDocuments(file: string): Promise<{
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly ManifestProblem[];
}> {
  let text: string;
  try {
    const bytes = file === standardInput ? await readStandardInput() : readFileSync(file);
    text = decode(bytes);
  } catch (thrown) {
    return { documents: [], problems: [{ file, message: unreadable(thrown) }] };
  }
  const positionOf = createPositions(text);
  const { documents, problems } = parseManifest(text, file);
  return {
    documents: documents.map(({ value, locate }) => ({ value, position: (path) => positionOf(locate(path)) })),
    problems: problems.map(({ offset, message }) => ({ file, position: positionOf(offset), message })),
  };
}

const byteOrderMark = /^\ufeff/;

/** Reading descriptor 0 at one go fails with EAGAIN where the writer at the other end is slow. */
async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new SekishoError('FileUnreadable', 'it is not UTF-8');
  return bytes.toString('utf8').replace(byteOrderMark, '');
}

/** As kubectl does: what begins with a brace may be JSON under any name, and is YAML if it is not. */
export function parseManifest(text: string, file: string): Source {
  if (extname(file).toLowerCase() === '.json') return parseJsonManifest(text);
  if (!/^\s*\{/.test(text)) return parseYamlManifest(text);
  const json = parseJsonManifest(text);
  if (json.problems.length === 0) return json;
  const yaml = parseYamlManifest(text);
  return yaml.problems.length > 0 && file === standardInput ? json : yaml;
}
