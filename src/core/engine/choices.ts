import { compareFieldPaths } from '../pod/field-path.ts';
import type { PodView } from '../pod/pod-view.ts';
import { createMergePatch, type MergePatch, mergePatchAt } from '../pod/strategic-merge-patch.ts';
import type { Finding } from './decision.ts';

/** So many are shown; whoever has more to decide knows by then what is missing. */
const mostChoices = 8;

/**
 * What nobody but the author can decide, where it has to stand, with a word in its place: `memory: <quantity>`. Undefined
 * where there is nothing of the kind. Never part of what can be applied.
 */
export function choicesOf({ metadata, spec, path }: PodView, denied: readonly Finding[]): MergePatch | undefined {
  const { patch, isAddressable, merge } = createMergePatch({ metadata, spec });
  let found = 0;
  for (const { rule, params, violation } of [...denied].sort((a, b) => compareFieldPaths(a.path, b.path))) {
    const value = rule.choices?.[violation.message];
    if (value === undefined || !isAddressable(violation.path) || found === mostChoices) continue;
    const [proposed] = rule.repair?.({ metadata, spec }, violation, params) ?? [];
    if (proposed !== undefined) continue;
    merge({ op: 'add', path: violation.path, value });
    found++;
  }
  return found === 0 ? undefined : mergePatchAt(path, patch);
}
