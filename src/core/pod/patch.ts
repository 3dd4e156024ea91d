import type { FieldPath } from './field-path.ts';

/**
 * One step of a repair, after RFC 6902: `add` sets a field, whether it was there or not, `remove` takes it away.
 * Two differences make rules short: the path is an array, and parents that are missing are made.
 */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: FieldPath; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: FieldPath };

type Fields = Record<string | number, unknown>;

/** A copy that is changed step by step, and what it has become so far. */
export interface PatchedCopy {
  /** A method and no getter: an object made with one gets a hidden class of its own, which keeps all it sees alive. */
  value(): unknown;
  apply(operation: PatchOperation): void;
}

/**
 * Copies an object as far as it is changed: what lies on the path of an operation, once, and nothing else. The cost
 * does not depend on the size of the object, and its depth is never walked.
 */
export function createPatchedCopy(original: unknown): PatchedCopy {
  const root: Fields = { value: original };
  const copied = new Set<unknown>();
  /** The copy of what stands at a key, made when it is first entered; what is missing becomes an object or a list. */
  const enter = (parent: Fields, key: string | number, next: string | number): Fields => {
    const value = own(parent, key);
    if (copied.has(value)) return value as Fields;
    const copy = shallowCopy(value, next);
    copied.add(copy);
    define(parent, key, copy);
    return copy;
  };
  return {
    value: () => root['value'],
    apply(operation) {
      const { path } = operation;
      let parent = root;
      let holder: string | number = 'value';
      for (let depth = 0; depth < path.length - 1; depth++) {
        const segment = path[depth] ?? '';
        parent = enter(parent, holder, segment);
        holder = segment;
      }
      const key = path.at(-1) ?? '';
      if (operation.op === 'add') define(enter(parent, holder, key), key, operation.value);
      else {
        const without = copyWithout(own(parent, holder), key);
        copied.add(without);
        define(parent, holder, without);
      }
    },
  };
}

function shallowCopy(value: unknown, key: string | number): Fields {
  if (Array.isArray(value)) return value.slice() as unknown as Fields;
  if (typeof value === 'object' && value !== null) return { ...value };
  return typeof key === 'number' ? ([] as unknown as Fields) : {};
}

/** Not a copy from which the field is deleted: that turns the copy, and whoever reads it, slow. */
function copyWithout(value: unknown, removed: string | number): Fields {
  const copy: Fields = {};
  if (typeof value !== 'object' || value === null) return copy;
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
