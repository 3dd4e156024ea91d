import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { readJsonTrees } from './json-tree.ts';
import { parseJsonManifest } from './manifest-json.ts';
import { parseManifest } from './manifests.ts';
import type { SourceText, Span } from './source-node.ts';
import { applyEdits, type TextEdit } from './text-edits.ts';
import { editsToValue } from './value-edits.ts';
import { commentsOf, readYamlTrees } from './yaml-tree.ts';

/** What a file is to mean: by document, counted as `parseManifest` counts them, the new value. */
export type NewValues = ReadonlyMap<number, unknown>;

/** What cannot be changed, and why; no path where it is the file as a whole. */
export interface ManifestRefusal {
  readonly message: string;
  readonly document?: number;
  readonly path?: FieldPath;
}

/** The text of a file that means what it is to mean, or everything that keeps it from that. */
export type EditedManifest =
  | { readonly text: string; readonly edits: readonly TextEdit[] }
  | { readonly refusals: readonly ManifestRefusal[] };

/**
 * Edits a manifest in place: by position, so that every character stays that does not have to change. What comes of it is
 * read again; unless it means exactly what it should, and has every comment that it had, nothing is changed.
 */
export function editManifest(text: string, file: string, values: NewValues): EditedManifest {
  try {
    return editTrees(readSourceText(text, file), file, values);
  } catch (thrown) {
    // Whatever is odd about a file: it stays as it is, and the others are edited.
    return refused(thrown instanceof RangeError ? 'it is nested too deeply' : messageOf(thrown));
  }
}

function refused(message: string): EditedManifest {
  return { refusals: [{ message }] };
}

function readSourceText(text: string, file: string): SourceText {
  return isJson(text, file)
    ? { text, json: true, trees: readJsonTrees(text), comments: [] }
    : { text, json: false, trees: readYamlTrees(text), comments: commentsOf(text) };
}

function editTrees(source: SourceText, file: string, values: NewValues): EditedManifest {
  const { text, trees } = source;
  if (holdsTemplate(source)) return refused('it holds template actions ({{ … }}): change what it is made from');
  const edits: TextEdit[] = [];
  const refusals: ManifestRefusal[] = [];
  const expected = trees.map(({ value }) => value);
  for (const [document, value] of values) {
    const tree = trees[document];
    if (tree === undefined) return refused('its documents cannot be told apart');
    const found = editsToValue(source, tree, value);
    edits.push(...found.edits);
    refusals.push(...found.refusals.map((refusal) => ({ document, ...refusal })));
    expected[document] = value;
  }
  if (refusals.length > 0) return { refusals };
  const edited = applyEdits(text, edits);
  return isAsMeant(edited, file, { source, expected }) ? { text: edited, edits } : refused(notAsMeant);
}

const notAsMeant = 'it is written in a way that cannot be edited safely';

interface Meant {
  readonly source: SourceText;
  readonly expected: readonly unknown[];
}

function isAsMeant(edited: string, file: string, { source, expected }: Meant): boolean {
  const { documents, problems } = parseManifest(edited, file);
  if (
    problems.length > 0 ||
    !isDeepStrictEqual(
      documents.map(({ value }) => value),
      expected,
    )
  )
    return false;
  if (source.json) return true;
  const before = source.comments.map(({ start, end }) => source.text.slice(start, end).trimEnd());
  const after = commentsOf(edited).map(({ start, end }) => edited.slice(start, end).trimEnd());
  return isDeepStrictEqual(before.sort(), after.sort());
}

/** A block of text may speak of templates (a ConfigMap that holds some); anything else that does is part of one. */
function holdsTemplate({ text, trees }: SourceText): boolean {
  if (!text.includes('{{')) return false;
  const blocks: Span[] = [];
  const waiting = trees.map(({ root }) => root);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === 'scalar' && node.style === 'block') blocks.push(node);
    if (node.kind === 'map' || node.kind === 'list') waiting.push(...node.entries.map((entry) => entry.node));
  }
  return [...text.matchAll(/\{\{/g)].some(
    ({ index }) => !blocks.some(({ start, end }) => index > start && index < end),
  );
}

/** As `parseManifest` decides it. */
function isJson(text: string, file: string): boolean {
  if (extname(file).toLowerCase() === '.json') return true;
  return /^\s*\{/.test(text) && parseJsonManifest(text).problems.length === 0;
}
