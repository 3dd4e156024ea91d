import { valueAt } from './field-path.ts';

/** What stands in `metadata.labels` of an object and is a label: what is no text is none. */
export function labelsOf(object: unknown): ReadonlyMap<string, string> {
  const labels = valueAt(object, ['metadata', 'labels']);
  if (typeof labels !== 'object' || labels === null) return new Map();
  return new Map(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
