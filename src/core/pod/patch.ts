import type { FieldPath } from './field-path.ts';

/**
 * One step of a repair, after RFC 6902: `add` sets a field, whether it was there or not, `remove` takes it away.
 * Two differences make rules short: the path is an array, and parents that are missing are made.
 */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: FieldPath; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: FieldPath };

/**
 * Applies one operation to a copy. Only the objects on the path are copied, everything else is shared with the
 * original: the cost does not depend on the size of the object, and its depth is never walked.
 */
export function applyPatchOperation(root: unknown, operation: PatchOperation): unknown {
  return applyAt(root, operation, 0);
}

function applyAt(value: unknown, operation: PatchOperation, depth: number): unknown {
  const key = operation.path[depth];
  if (key === undefined) return operation.op === 'add' ? operation.value : undefined;
  const last = depth === operation.path.length - 1;
  if (last && operation.op === 'remove') return copyWithout(value, key);
  const copy = shallowCopy(value, key);
  define(copy, key, last && operation.op === 'add' ? operation.value : applyAt(own(copy, key), operation, depth + 1));
  return copy;
}

type Fields = Record<string | number, unknown>;

function shallowCopy(value: unknown, key: string | number): Fields {
  if (Array.isArray(value)) return value.slice() as unknown as Fields;
  if (typeof value === 'object' && value !== null) return { ...value };
  return typeof key === 'number' ? ([] as unknown as Fields) : {};
}

/** Not a copy from which the field is deleted: that turns the copy, and whoever reads it, slow. */
function copyWithout(value: unknown, removed: string | number): unknown {
  if (typeof value !== 'object' || value === null) return {};
  const copy: Fields = {};
  for (const key of Object.keys(value)) {
    if (key !== removed) define(copy, key, (value as Fields)[key]);
  }
  return copy;
}

function own(object: Fields, key: string | number): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Assigning to `__proto__` would change the copy's prototype instead of its content. */
function define(object: Fields, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}
