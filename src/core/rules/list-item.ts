import { type FieldPath, valueAt } from '../pod/field-path.ts';
import type { PatchOperation } from '../pod/patch.ts';
import type { PodParts } from '../pod/pod-view.ts';

/**
 * Takes items out of a list without merge key, which a patch can only write whole; an empty list goes. Only the items
 * meant are taken: another one that the rule forbids may be excused.
 */
export function* removeItems(
  pod: PodParts,
  list: FieldPath,
  isRemoved: (item: unknown) => boolean,
): Generator<PatchOperation> {
  const items = valueAt(pod, list);
  const kept = Array.isArray(items) ? items.filter((item) => !isRemoved(item)) : [];
  yield kept.length > 0 ? { op: 'add', path: list, value: kept } : { op: 'remove', path: list };
}
