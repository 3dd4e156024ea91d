import { valueAt } from './field-path.ts';

/** What stands in `metadata.labels` of an object and is a label: what is no text is none. */
export function labelsOf(object: unknown): ReadonlyMap<string, string> {
  const labels = valueAt(object, ['metadata', 'labels']);
  if (typeof labels !== 'object' || labels === null) return new Map();
  return new Map(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** A label's or annotation's key: a name, and before it perhaps a DNS subdomain and a slash. */
export const labelKeyPattern = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Of such a key: 253 characters, the slash, 63 characters. */
export const longestLabelKey = 317;
