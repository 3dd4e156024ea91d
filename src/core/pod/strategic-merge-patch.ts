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
]);

/**
 * Merges one operation on an object into a strategic merge patch. False, and nothing changed, where the patch could
 * hit another list item than the one meant: an item without its key, or with one that another item has too.
 */
export function mergeOperation(patch: MergePatch, object: unknown, operation: PatchOperation): boolean {
  const steps = stepsTo(object, operation.path);
  const field = operation.path.at(-1);
  if (steps === undefined || typeof field !== 'string') return false;
  let target = patch;
  for (const { name, item } of steps) {
    target = item === undefined ? objectOf(target, name) : itemOf(target, name, item);
  }
  target[field] = operation.op === 'add' ? operation.value : null;
  return true;
}

/** One field on the way, and the item to enter where it is a list. */
interface Step {
  readonly name: string;
  readonly item?: KeyedItem;
}

function stepsTo(object: unknown, path: FieldPath): readonly Step[] | undefined {
  const steps: Step[] = [];
  let source = object;
  for (let depth = 0; depth < path.length - 1; depth++) {
    const segment = path[depth] ?? '';
    const index = path[depth + 1];
    if (typeof segment === 'string' && typeof index === 'number' && depth + 1 < path.length - 1) {
      const item = keyedItem(source, segment, index);
      if (item === undefined) return undefined;
      steps.push({ name: segment, item });
    } else if (typeof segment === 'string') {
      if (segment === '__proto__') return undefined;
      steps.push({ name: segment });
    }
    source = childOf(source, segment);
  }
  return steps;
}

interface KeyedItem {
  readonly key: string;
  readonly value: string | number;
}

/** A name that can stand in a shell command between single quotes and means the same in YAML and JSON. */
const safeName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function keyedItem(parent: unknown, field: string, index: number): KeyedItem | undefined {
  const key = mergeKeys.get(field);
  const list = childOf(parent, field);
  if (key === undefined || !Array.isArray(list)) return undefined;
  const value = childOf(list[index], key);
  const safe = typeof value === 'string' ? safeName.test(value) : Number.isSafeInteger(value);
  if (!safe || list.filter((item) => childOf(item, key) === value).length !== 1) return undefined;
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

/** A copy of what stands there: it may be a value that a rule owns. */
function objectOf(target: MergePatch, field: string): MergePatch {
  const known = target[field];
  const object: MergePatch = typeof known === 'object' && known !== null ? { ...known } : {};
  target[field] = object;
  return object;
}

function childOf(value: unknown, segment: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
  return (value as Record<string | number, unknown>)[segment];
}
