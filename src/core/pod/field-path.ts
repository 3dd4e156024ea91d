/**
 * Where a value stands in an object: `['spec', 'containers', 0, 'image']`. An array from birth, so that nobody ever has
 * to take a string apart again; rendered when it is printed.
 */
export type FieldPath = readonly (string | number)[];

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Prints a path as Kubernetes' `field.Path` does: `.name` for a field, `[0]` for an index, `[key]` for a map key that
 * is no identifier. Keys are printed raw; whoever shows the result to a person escapes it.
 */
export function formatFieldPath(path: FieldPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number' || !isIdentifier(segment)) text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** Names of fields that were seen before. Bounded: keys of annotations are attacker-chosen. */
const identifiers = new Map<string, boolean>();
const mostIdentifiers = 1_000;

function isIdentifier(segment: string): boolean {
  let known = identifiers.get(segment);
  if (known === undefined) {
    known = identifier.test(segment);
    if (identifiers.size >= mostIdentifiers) identifiers.clear();
    identifiers.set(segment, known);
  }
  return known;
}

/** Reads own properties only, so that a path through `constructor` or `__proto__` finds nothing but what was sent. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string | number, unknown>)[segment];
  }
  return value;
}

/** The items of a list; none where something else stands, or nothing. */
export function listAt(root: unknown, path: FieldPath): readonly unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}

/** Orders paths field by field, indexes as numbers: `containers[2]` before `containers[10]`. */
export function compareFieldPaths(a: FieldPath, b: FieldPath): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a[i] ?? 0;
    const right = b[i] ?? 0;
    if (left === right) continue;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
}
