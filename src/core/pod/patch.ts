import { type FieldPath, sharedDepth } from './field-path.ts';

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
  /** Where the last operation was, and the copies on the way there: operations of a repair are neighbours. */
  let last: FieldPath = [];
  const trail: Fields[] = [root];
  /** So many of them still stand. Setting the length of a list costs as much as entering an object. */
  let standing = 1;
  /** The copy that stands so many steps into a path. */
  const follow = (path: FieldPath, depth: number): Fields => {
    let at = Math.min(sharedDepth(path, last) + 2, standing, depth + 2);
    for (; at < depth + 2; at++) {
      const key = at === 1 ? 'value' : (path[at - 2] ?? '');
      trail[at] = enter(trail[at - 1] as Fields, key, path[at - 1] ?? '');
    }
    last = path;
    standing = at;
    return trail[at - 1] as Fields;
  };
  return {
    value: () => root['value'],
    apply(operation) {
      const { path } = operation;
      const depth = path.length - 1;
      const key = path[depth] ?? '';
      if (operation.op === 'add') {
        define(follow(path, depth), key, operation.value);
        return;
      }
      const holder = follow(path, depth - 1);
      const name = depth === 0 ? 'value' : (path[depth - 1] ?? '');
      const without = copyWithout(own(holder, name), key);
      copied.add(without);
      define(holder, name, without);
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
