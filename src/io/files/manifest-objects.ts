import { type FieldPath, valueAt } from '../../core/pod/field-path.ts';
import type { Position } from './source-document.ts';

/** One Kubernetes object of a file; of a List each item is one. */
export interface ManifestObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly apiVersion: string;
  readonly kind: string;
  /** As it is written; empty where none is. */
  readonly namespace: string;
  readonly name: string;
  /** The template that it was rendered from, where a comment of Helm's says so. */
  readonly template?: string | undefined;
  /** From its document to it. */
  readonly path: FieldPath;
  /** Where a field of it stands in the file; where it is absent, its nearest parent. */
  positionOf(path: FieldPath): Position;
}

/** Where the objects of a document go, and what cannot be one. */
export interface Collection {
  readonly objects: ManifestObject[];
  readonly position: (path: FieldPath) => Position;
  readonly broken: (path: FieldPath, message: string) => void;
  readonly template?: string | undefined;
}

/** An object waiting to be looked at. Items of `PodList` need not say what they are: the list does. */
interface Candidate {
  readonly value: unknown;
  readonly path: FieldPath;
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

/** Deeper than anybody nests lists; it only keeps a hostile file from taking quadratic time. */
const deepestList = 16;

/** A list may hold lists. They are taken apart in the order they stand. */
export function collectObjects(value: unknown, collection: Collection): void {
  const waiting: Candidate[] = [{ value, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path } = next;
    const problem = collectObject(next, collection);
    if (problem === 'is a list') {
      if (path.length < 2 * deepestList) waiting.push(...itemsOf(next).reverse());
      else collection.broken(path, 'is a list inside too many lists');
    } else if (problem !== undefined) collection.broken(problem.path, problem.message);
  }
}

function itemsOf({ value, path, apiVersion }: Candidate): Candidate[] {
  const kind = valueAt(value, ['kind']);
  const named = isText(kind) && kind !== 'List' && kind.endsWith('List');
  const own = named ? { apiVersion: valueAt(value, ['apiVersion']) ?? apiVersion, kind: kind.slice(0, -4) } : {};
  const items = valueAt(value, ['items']);
  return (Array.isArray(items) ? items : []).map((item: unknown, index) => {
    return { ...own, value: item, path: [...path, 'items', index] };
  });
}

/** kubectl takes whatever has `items` for a list; without the name of one, its items must look like objects. */
function isList(value: object, kind: unknown): boolean {
  const items = valueAt(value, ['items']);
  if (kind === 'List') return items === undefined || items === null || Array.isArray(items);
  if (!Array.isArray(items)) return false;
  if (isText(kind) && kind.endsWith('List')) return true;
  return items.length > 0 && items.every((item: unknown) => isText(valueAt(item, ['kind'])));
}

type Collected = 'is a list' | { readonly path: FieldPath; readonly message: string } | undefined;

function collectObject(candidate: Candidate, { objects, position, template }: Collection): Collected {
  const { value, path } = candidate;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { path, message: 'is no Kubernetes object' };
  }
  const apiVersion = valueAt(value, ['apiVersion']) ?? candidate.apiVersion;
  const kind = valueAt(value, ['kind']) ?? candidate.kind;
  if (isList(value, kind)) return 'is a list';
  if (!isText(apiVersion)) return { path, message: 'is no Kubernetes object: apiVersion is missing' };
  if (!isText(kind)) return { path, message: 'is no Kubernetes object: kind is missing' };
  const namespace = valueAt(value, ['metadata', 'namespace']) ?? '';
  if (typeof namespace !== 'string') {
    return { path: [...path, 'metadata', 'namespace'], message: 'metadata.namespace must be text' };
  }
  objects.push({
    value: value as ManifestObject['value'],
    apiVersion,
    kind,
    namespace,
    name: nameOf(value),
    template,
    path,
    positionOf: (field) => position([...path, ...field]),
  });
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The API server completes a `generateName`; the star stands for what it will draw. */
function nameOf(value: unknown): string {
  const name = valueAt(value, ['metadata', 'name']);
  if (isText(name)) return name;
  const prefix = valueAt(value, ['metadata', 'generateName']);
  return isText(prefix) ? `${prefix}*` : '';
}
