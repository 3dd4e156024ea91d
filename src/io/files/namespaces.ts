import { SekishoError } from '../../core/error.ts';
import { valueAt } from '../../core/pod/field-path.ts';
import { labelsOf } from '../../core/pod/labels.ts';
import { printable } from '../../core/render/escape.ts';
import { withFileBytes } from './file-bytes.ts';
import type { ManifestObject } from './manifest-objects.ts';
import { type Manifest, type ManifestProblem, readManifest, standardInput } from './manifests.ts';

/** Labels of namespaces, by the names of these. */
export type NamespaceLabels = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads a file of Namespace objects, as `kubectl get namespaces -o yaml` writes it. Throws where it holds anything else. */
export async function readNamespaceLabels(file: string): Promise<NamespaceLabels> {
  const { objects, problems } = await readManifest(file);
  const [problem] = problems;
  if (problem !== undefined) throw invalid(placeOf(problem), problem.message);
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const object of objects) {
    const at = (path: readonly string[]) => placeOf({ file, position: object.positionOf(path) });
    if (!isNamespace(object)) throw invalid(at([]), `is a ${printable(object.kind, 63)}, not a Namespace`);
    if (object.name === '') throw invalid(at(['metadata']), 'metadata.name is missing');
    if (found.has(object.name)) throw invalid(at([]), `the namespace ${object.name} stands in the file twice`);
    found.set(object.name, strictLabels(object, at));
  }
  if (found.size === 0) throw invalid(file, 'holds no Namespace');
  return found;
}

function strictLabels({ value }: ManifestObject, at: (path: readonly string[]) => string): ReadonlyMap<string, string> {
  const labels = valueAt(value, ['metadata', 'labels']) ?? {};
  if (typeof labels !== 'object' || Array.isArray(labels)) {
    throw invalid(at(['metadata', 'labels']), 'metadata.labels must be an object');
  }
  for (const [key, text] of Object.entries(labels)) {
    if (typeof text === 'string') continue;
    const name = printable(key, 317);
    throw invalid(at(['metadata', 'labels', key]), `metadata.labels[${name}] must be text: put it in quotes`);
  }
  return new Map(Object.entries(labels));
}

/**
 * The labels of the Namespace objects among manifests; of two of one name the later, which kubectl would apply last. What
 * is broken is left to whoever reads the manifests to judge them.
 */
export async function findNamespaceLabels(
  files: readonly string[],
  read: (file: string) => Promise<Manifest>,
): Promise<NamespaceLabels> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const file of files) if (mayHoldNamespace(file)) addNamespaceLabels(await read(file), found);
  return found;
}

/** Those of one manifest, to those of the ones before it. */
export function addNamespaceLabels({ objects }: Manifest, found: Map<string, ReadonlyMap<string, string>>): void {
  for (const object of objects) {
    if (isNamespace(object) && object.name !== '') found.set(object.name, labelsOf(object.value));
  }
}

/** Most files hold none, and to look for the word costs much less than to parse them twice. */
export function mayHoldNamespace(file: string): boolean {
  if (file === standardInput) return true;
  try {
    return withFileBytes(file, (bytes) => bytes.includes('Namespace'));
  } catch {
    return false;
  }
}

function isNamespace({ apiVersion, kind }: ManifestObject): boolean {
  return apiVersion === 'v1' && kind === 'Namespace';
}

function placeOf({ file, position }: Pick<ManifestProblem, 'file' | 'position'>): string {
  return position === undefined ? file : `${file}:${position.line}:${position.column}`;
}

function invalid(place: string, message: string): SekishoError<'ManifestInvalid'> {
  return new SekishoError('ManifestInvalid', `${place}: ${message}`);
}
