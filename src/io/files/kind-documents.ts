import type { FieldPath } from '../../core/pod/field-path.ts';
import { apiGroup } from '../../core/policy/pod-policy.ts';
import { listManifests, type ManifestProblem, readManifestDocuments, testFiles } from './manifests.ts';
import type { Position } from './source-document.ts';

/** A document of our group, and where its fields stand. */
export interface KindDocument {
  readonly file: string;
  readonly value: unknown;
  position(path: FieldPath): Position;
}

/** What paths were found to hold. */
export interface KindDocuments {
  readonly documents: readonly KindDocument[];
  readonly problems: readonly ManifestProblem[];
}

/** Reads every document of our group below paths; an operator's tests and what belongs to others are left out. */
export async function readKindDocuments(paths: readonly string[]): Promise<KindDocuments> {
  const { files, problems } = listManifests(paths);
  const documents: KindDocument[] = [];
  const found = [...problems];
  for (const file of files.filter((name) => !testFiles.name.test(name))) {
    const read = await readManifestDocuments(file);
    found.push(...read.problems);
    for (const { value, position } of read.documents) collect({ file, value, position }, documents);
  }
  return { documents, problems: found };
}

/** Lists, as kubectl prints them, are their items. */
function collect(document: KindDocument, into: KindDocument[]): void {
  const { file, value, position } = document;
  if (typeof value !== 'object' || value === null) return;
  const { kind, apiVersion, items } = value as { kind?: unknown; apiVersion?: unknown; items?: unknown };
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    for (const [index, item] of items.entries()) {
      collect({ file, value: item, position: (path) => position(['items', index, ...path]) }, into);
    }
  } else if (isOurs(kind, apiVersion)) into.push(document);
}

/** A kind of ours under another group is a mistake, not somebody else's document. An operator's tests are not linted. */
function isOurs(kind: unknown, apiVersion: unknown): boolean {
  if (kind === 'PodPolicy' || kind === 'PodPolicyException') return true;
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${apiGroup}/`) && kind !== 'PolicyTest';
}
