import type { FieldPath } from './field-path.ts';
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
  /** By list item: the operations of a repair meet in few items. */
  const keys = new Map<unknown, KeyedItem | undefined>();
  const keyOf = (list: unknown, field: string | number, index: number): KeyedItem | undefined => {
    const item = childOf(list, index);
    if (!keys.has(item)) keys.set(item, keyedItem(list, field, index));
    return keys.get(item);
  };
  return {
    patch,
    isAddressable(path) {
      let source = object;
      for (let depth = 0; depth < path.length - 1; depth++) {
        const segment = path[depth] ?? '';
        const next = path[depth + 1];
        if (segment === '__proto__') return false;
        source = childOf(source, segment);
        if (typeof next !== 'number') continue;
        if (depth + 2 === path.length || keyOf(source, segment, next) === undefined) return false;
      }
      return typeof path.at(-1) === 'string' && path.at(-1) !== '__proto__';
    },
    merge(operation) {
      const { path } = operation;
      let target = patch;
      let source = object;
      for (let depth = 0; depth < path.length - 1; depth++) {
        const segment = path[depth] ?? '';
        const next = path[depth + 1];
        source = childOf(source, segment);
        // The list was entered with its field; the index only descends.
        if (typeof segment === 'number') continue;
        const item = typeof next === 'number' ? keyOf(source, segment, next) : undefined;
        target = item === undefined ? objectOf(target, segment) : itemOf(target, segment, item);
      }
      target[path.at(-1) ?? ''] = operation.op === 'add' ? operation.value : null;
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
