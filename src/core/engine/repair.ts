import { compareFieldPaths, type FieldPath } from '../pod/field-path.ts';
import { createPatchedCopy } from '../pod/patch.ts';
import type { PodParts, PodView } from '../pod/pod-view.ts';
import { createMergePatch, type MergePatch } from '../pod/strategic-merge-patch.ts';
import { changedPodView } from '../pod/workload.ts';
import type { AskedRules } from '../policy/bound-rules.ts';
import { noFacts } from '../rules/facts.ts';
import { evaluate } from './assess.ts';
import { type Decision, denies, type Finding, violationKey } from './decision.ts';

/** Changes that were applied to a copy, judged there, and found to end violations without making new ones. */
export interface Repair {
  readonly patch: MergePatch;
  /** How many of the enforced violations it ends. */
  readonly satisfied: number;
}

/** Beyond this many a patch is no longer something a person reads, and finding it would cost more than the verdict. */
const mostFindings = 50;

/**
 * A repair of what denied the pod, each violation given once; undefined where no rule can propose one that holds. What
 * was let through may stand among them: it is not repaired, but it is not new either.
 */
export function proposeRepair(pod: PodView, asked: AskedRules, found: readonly Finding[]): Repair | undefined {
  const denied = found.filter(({ letThrough }) => letThrough === undefined);
  if (denied.length === 0 || denied.length > mostFindings) return undefined;
  // In the order of the fields, so that the patch reads like the object.
  const inOrder = [...denied].sort((a, b) => compareFieldPaths(a.path, b.path));
  const repaired = applyRepairs(pod, inOrder);
  if (repaired === undefined) return undefined;
  const remaining = remainingViolations(evaluate(repaired.pod, asked, noFacts), found);
  if (remaining === undefined || remaining === denied.length) return undefined;
  return { patch: patchAt(pod.path, repaired.patch), satisfied: denied.length - remaining };
}

/** The patch of a pod as one of the object that holds it. */
function patchAt(path: FieldPath, patch: MergePatch): MergePatch {
  return path.reduceRight<MergePatch>((inner, segment) => ({ [segment]: inner }), patch);
}

/** How many are left; undefined where there are new ones: a change that trades one for another is no proposal. */
function remainingViolations(decision: Decision, before: readonly Finding[]): number | undefined {
  if (decision.allowed) return 0;
  const known = new Set(before.map(violationKey));
  const left = deniedViolations(decision);
  if (!left.every((finding) => known.has(violationKey(finding)))) return undefined;
  // What one policy let through another may deny.
  const denied = new Set(before.filter(({ letThrough }) => letThrough === undefined).map(violationKey));
  return left.filter((finding) => denied.has(violationKey(finding))).length;
}

/** The violations that deny, each once however many policies mind it. */
export function deniedViolations({ findings }: Decision): readonly Finding[] {
  const violations = new Map<string, Finding>();
  for (const finding of findings) {
    const key = violationKey(finding);
    if (denies(finding) && !violations.has(key)) violations.set(key, finding);
  }
  return [...violations.values()];
}

interface Repaired {
  readonly pod: PodView;
  readonly patch: MergePatch;
}

/** Each repair sees the pod as the ones before left it, so that two changes of one list both take effect. */
function applyRepairs(pod: PodView, denied: readonly Finding[]): Repaired | undefined {
  const original: PodParts = { metadata: pod.metadata, spec: pod.spec };
  const copy = createPatchedCopy(original);
  const { patch, isAddressable, merge } = createMergePatch(original);
  for (const { rule, params, violation, error } of denied) {
    if (error || rule.repair === undefined) continue;
    const operations = [...rule.repair(copy.value() as PodParts, violation, params)];
    if (!operations.every(({ path }) => isAddressable(path))) continue;
    for (const operation of operations) {
      merge(operation);
      copy.apply(operation);
    }
  }
  const changed = copy.value() as PodParts;
  return changed === original ? undefined : { pod: changedPodView(pod, changed), patch };
}
