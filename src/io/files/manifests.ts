import { isUtf8 } from 'node:buffer';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { withFileBytes } from './file-bytes.ts';
import { type Ignoring, nothingIgnored } from './ignored-files.ts';
import { parseJsonManifest } from './manifest-json.ts';
import { collectObjects, type ManifestObject } from './manifest-objects.ts';
import { eachYamlDocument, parseYamlManifest } from './manifest-yaml.ts';
import { createPositions, type Position, type Source } from './source-document.ts';

/** Standard input, where a file is named. */
export const standardInput = '-';

/** Why something cannot be judged, and where that shows. */
export interface ManifestProblem {
  readonly file: string;
  readonly position?: Position;
  readonly message: string;
  /** The template that the broken document was rendered from, where a comment of Helm's says so. */
  readonly template?: string | undefined;
  /** What the program said that was to make the manifests. */
  readonly remarks?: readonly string[];
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
  /** The file that says, in each folder, what of it is left out. */
  readonly ignoreFile?: string;
}

const manifestFiles: FileKind = {
  name: /\.(?:ya?ml|json)$/i,
  problemWithout: 'holds no manifest (*.yaml, *.yml, *.json)',
};

/** What is judged: nobody wants to hear of the manifests that tests of a chart are made of. */
export const checkedFiles: FileKind = {
  ...manifestFiles,
  ignoreFile: '.sekishoignore',
};

/** An operator's tests may lie beside what they test. */
export const testFiles: FileKind = {
  name: /\.sekisho-test\.(?:ya?ml|json)$/i,
  problemWithout: 'holds no test (*.sekisho-test.yaml, .yml, .json)',
};

/**
 * Files as they are named; folders with all below them, sorted, only `*.yaml`, `*.yml` and `*.json`, and nothing whose
 * name begins with a dot or is node_modules. A folder without any manifest is a problem: checking nothing must not look
 * like a pass.
 */
export function listManifests(paths: readonly string[], kind: FileKind = manifestFiles): ManifestFiles {
  const files: string[] = [];
  const problems: ManifestProblem[] = [];
  for (const path of paths) {
    const before = files.length + problems.length;
    const ignored: string[] = [];
    if (path === standardInput) files.push(path);
    else visit(path, { files, problems, ignored, kind, parents: [], name: undefined, ignoring: nothingIgnored });
    if (files.length + problems.length === before) {
      const because = ignored.length === 0 ? '' : ` that ${kind.ignoreFile} does not leave out`;
      problems.push({ file: path, message: kind.problemWithout + because });
    }
  }
  return { files, problems };
}

interface Visit {
  readonly files: string[];
  readonly problems: ManifestProblem[];
  readonly ignored: string[];
  readonly kind: FileKind;
  /** The real paths of the folders above: a link to one of them would never end. */
  readonly parents: readonly string[];
  /** Absent where the path was given on the command line: then any name will do. */
  readonly name: string | undefined;
  readonly ignoring: Ignoring;
}

function visit(path: string, { name, ignoring, ...found }: Visit): void {
  const { files, problems, kind, parents } = found;
  const stats = attempt(() => statSync(path));
  const folder = 'value' in stats && stats.value.isDirectory();
  const inside = name === undefined ? ignoring : ignoring.below(name, folder);
  if (inside === undefined) return void found.ignored.push(path);
  try {
    if ('thrown' in stats) throw stats.thrown;
    if (!folder) {
      if (name === undefined || kind.name.test(name)) files.push(path);
      return;
    }
    const real = realpathSync(path);
    if (parents.includes(real)) return;
    const within = { ...found, parents: [...parents, real], ignoring: inside.in(path, kind.ignoreFile) };
    for (const each of readdirSync(path).sort()) {
      if (!each.startsWith('.') && each !== 'node_modules') visit(join(path, each), { ...within, name: each });
    }
  } catch (thrown) {
    problems.push({ file: path, message: unreadable(thrown) });
  }
}

function attempt<T>(act: () => T): { readonly value: T } | { readonly thrown: unknown } {
  try {
    return { value: act() };
  } catch (thrown) {
    return { thrown };
  }
}

export function unreadable(thrown: unknown): string {
  // Node's message repeats call and path: `ENOENT: no such file or directory, stat 'x'`.
  return `cannot be read: ${messageOf(thrown).replace(/, \w+(?: '.*')?$/s, '')}`;
}

/** One document of a file, and where its fields stand. */
export interface ManifestDocument {
  readonly value: unknown;
  readonly template?: string | undefined;
  /** Of a field; of its nearest parent where there is none. */
  position(path: FieldPath): Position;
}

/** The documents of one file, before anybody asks whether they are objects. */
export interface ManifestDocuments {
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly ManifestProblem[];
}

/** Reads one file, or standard input, whole. What is broken in it becomes a problem, the rest is read. */
export async function readManifest(file: string): Promise<Manifest> {
  return objectsOf(await readManifestDocuments(file), file);
}

export async function readManifestDocuments(file: string): Promise<ManifestDocuments> {
  const text = await readManifestText(file);
  if (typeof text !== 'string') return { documents: [], problems: [text] };
  return placed(parseManifest(text, file), createPositions(text), file);
}

/** All of a file, or of standard input, or why it cannot be had. */
export async function readManifestText(file: string): Promise<string | ManifestProblem> {
  try {
    return file === standardInput ? decode(await readStandardInput()) : withFileBytes(file, decode);
  } catch (thrown) {
    return { file, message: unreadable(thrown) };
  }
}

/** What a text holds, a document of YAML at a time. `file` is what it goes by. */
export function* manifestsIn(text: string, file: string): Generator<Manifest> {
  const positionOf = createPositions(text);
  const sources = isYaml(text, file) ? eachYamlDocument(text) : [parseManifest(text, file)];
  for (const source of sources) yield objectsOf(placed(source, positionOf, file), file);
}

function objectsOf({ documents, problems }: ManifestDocuments, file: string): Manifest {
  const objects: ManifestObject[] = [];
  const found = [...problems];
  for (const { value, position, template } of documents) {
    const broken = (path: FieldPath, message: string): void => {
      found.push({ file, position: position(path), message, template });
    };
    collectObjects(value, { objects, position, broken, template });
  }
  return { objects, problems: found };
}

function placed(
  { documents, problems }: Source,
  positionOf: (offset: number) => Position,
  file: string,
): ManifestDocuments {
  return {
    documents: documents.map(({ value, locate, template }) => ({
      value,
      template,
      position: (path) => positionOf(locate(path)),
    })),
    problems: problems.map(({ offset, message, template }) => ({
      file,
      position: positionOf(offset),
      message,
      template,
    })),
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
  if (isYaml(text, file)) return parseYamlManifest(text);
  const json = parseJsonManifest(text);
  if (json.problems.length === 0) return json;
  const yaml = parseYamlManifest(text);
  return yaml.problems.length > 0 && file === standardInput ? json : yaml;
}

function isYaml(text: string, file: string): boolean {
  return extname(file).toLowerCase() !== '.json' && !/^\s*\{/.test(text);
}
