import { type FieldPath, sharedDepth, valueAt } from './field-path.ts';
import type { PatchOperation } from './patch.ts';

/** What `kubectl patch --type=strategic` takes: maps merge, `null` removes, lists with a merge key merge by it. */
export type MergePatch = { [field: string]: unknown };

/** Lists of a pod that merge by a key (`patchMergeKey` in k8s.io/api/core/v1/types.go). All others are replaced whole. */
const mergeKeys: ReadonlyMap<string, string> = new Map([
  ['containers', 'name'],
  ['initContainers', 'name'],
  ['ephemeralContainers', 'name'],
  ['ports', 'containerPort'],
  // `merge,retainKeys`: it merges like the others unless a patch says $retainKeys.
  ['volumes', 'name'],
]);

/** A strategic merge patch of one object, made operation by operation. */
export interface MergePatchBuilder {
  readonly patch: MergePatch;
  /**
   * Whether the patch can name a place without hitting another: every list item on the way has its merge key, and no
   * other item has the same.
   */
  isAddressable(path: FieldPath): boolean;
  /** Adds an operation whose place is addressable. */
  merge(operation: PatchOperation): void;
}

export function createMergePatch(object: unknown): MergePatchBuilder {
  const patch: MergePatch = {};
  const made = new Set<unknown>([patch]);
  /** What stands at a field of the patch, made or copied when it is first entered: it may be a value that a rule owns. */
  const objectOf = (target: MergePatch, field: string): MergePatch => {
    const known = target[field];
    if (made.has(known)) return known as MergePatch;
    const object: MergePatch = typeof known === 'object' && known !== null ? { ...known } : {};
    made.add(object);
    target[field] = object;
    return object;
  };
  const itemAt = createItemLookup(object);
  /** Where the last operation was, and the parts of the patch on the way there. */
  let last: FieldPath = [];
  const targets: MergePatch[] = [patch];
  let standing = 0;
  return {
    patch,
    isAddressable(path) {
      const end = path.length - 1;
      if (typeof path[end] !== 'string' || path[end] === '__proto__') return false;
      for (let depth = 0; depth < end; depth++) {
        if (path[depth] === '__proto__') return false;
        if (typeof path[depth + 1] === 'number' && (depth + 1 === end || itemAt(path, depth) === undefined)) {
          return false;
        }
      }
      return true;
    },
    merge(operation) {
      const { path } = operation;
      const end = path.length - 1;
      let depth = Math.min(sharedDepth(path, last), end, standing);
      // A list was entered with the item in it: of two items only what is before their list is shared.
      if (depth > 0 && typeof path[depth] === 'number') depth--;
      for (; depth < end; depth++) {
        const segment = path[depth] ?? '';
        const target = targets[depth] as MergePatch;
        const item = typeof path[depth + 1] === 'number' ? itemAt(path, depth) : undefined;
        // An index only descends.
        if (typeof segment === 'number') targets[depth + 1] = target;
        else targets[depth + 1] = item === undefined ? objectOf(target, segment) : itemOf(target, segment, item);
      }
      last = path;
      standing = end;
      (targets[end] as MergePatch)[path[end] ?? ''] = operation.op === 'add' ? operation.value : null;
    },
  };
}

/** The patch of a part of an object as one of the object. */
export function mergePatchAt(path: FieldPath, patch: MergePatch): MergePatch {
  return path.reduceRight<MergePatch>((inner, segment) => ({ [segment]: inner }), patch);
}

interface KeyedItem {
  readonly key: string;
  readonly value: string | number;
}

/** A name that can stand in a shell command between single quotes and means the same in YAML and JSON. */
const safeName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The item with which a path goes on behind a list; undefined where a patch cannot name it. */
function createItemLookup(object: unknown): (path: FieldPath, list: number) => KeyedItem | undefined {
  /** The operations of a repair meet in few items. */
  const known: { readonly path: FieldPath; readonly list: number; readonly item: KeyedItem | undefined }[] = [];
  return (path, list) => {
    for (const entry of known) {
      if (entry.list === list && sharedDepth(entry.path, path) > list + 1) return entry.item;
    }
    const item = keyedItem(valueAt(object, path.slice(0, list + 1)), path[list] ?? '', path[list + 1] as number);
    known.push({ path, list, item });
    return item;
  };
}

function keyedItem(list: unknown, field: string | number, index: number): KeyedItem | undefined {
  const key = mergeKeys.get(String(field));
  if (key === undefined || !Array.isArray(list)) return undefined;
  const value = childOf(list[index], key);
  const safe = typeof value === 'string' ? safeName.test(value) : Number.isSafeInteger(value);
  if (!safe || list.some((item, other) => other !== index && childOf(item, key) === value)) return undefined;
  return { key, value: value as string | number };
}

function itemOf(target: MergePatch, field: string, { key, value }: KeyedItem): MergePatch {
  const list = Array.isArray(target[field]) ? (target[field] as MergePatch[]) : [];
  target[field] = list;
  const known = list.find((item) => item[key] === value);
  if (known !== undefined) return known;
  const item: MergePatch = { [key]: value };
  list.push(item);
  return item;
}

function childOf(value: unknown, segment: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
  return (value as Record<string | number, unknown>)[segment];
}
