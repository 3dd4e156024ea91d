import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** The objects of a case's YAML file, as JSON text for `kubectl … -f -`. */
export interface Manifests {
  /** One object, by `Kind/name`. */
  object(reference: string): string;
  /** All of them, as one List. */
  all(): string;
}

interface NamedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Reads the YAML file of the same stem as the case: `readManifests(import.meta.filename)`. */
export function readManifests(caseFile: string): Manifests {
  const text = readFileSync(caseFile.replace(/(\.test)?\.ts$/, '.yaml'), 'utf8');
  const objects = parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.contents === null ? [] : [document.toJS() as NamedObject];
  });
  return {
    object: (reference) => {
      const object = objects.find(({ kind, metadata }) => `${kind}/${metadata.name}` === reference);
      if (object === undefined) throw new Error(`no ${reference} beside ${caseFile}`);
      return JSON.stringify(object);
    },
    all: () => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  };
}
