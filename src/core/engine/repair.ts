import { compareFieldPaths, type FieldPath, formatFieldPath } from '../pod/field-path.ts';
import { applyPatchOperation, type PatchOperation } from '../pod/patch.ts';
import type { PodView } from '../pod/pod-view.ts';
import { type MergePatch, mergeOperation } from '../pod/strategic-merge-patch.ts';
import { podViewAt } from '../pod/workload.ts';
import type { BoundRule } from '../policy/bound-rule.ts';
import { noFacts } from '../rules/facts.ts';
import { evaluate } from './assess.ts';
import type { Decision, Finding } from './decision.ts';

/** Changes that were applied to a copy, judged there, and found to end violations without making new ones. */
export interface Repair {
  readonly patch: MergePatch;
  /** How many of the enforced violations it ends. */
  readonly satisfied: number;
}

/** Beyond this many a patch is no longer something a person reads, and finding it would cost more than the verdict. */
const mostFindings = 50;

/** A repair of what denied the pod; undefined where no rule can propose one that holds. */
export function proposeRepair(pod: PodView, rules: readonly BoundRule[], decision: Decision): Repair | undefined {
  const denied = enforcedViolations(decision);
  if (denied.size === 0 || decision.findings.length > mostFindings) return undefined;
  const patch: MergePatch = {};
  // In the order of the fields, so that the patch reads like the object.
  const inOrder = [...denied.values()].sort((a, b) => compareFieldPaths(a.path, b.path));
  const repaired = applyRepairs(pod, inOrder, patch);
  if (repaired === pod) return undefined;
  const remaining = enforcedViolations(evaluate(repaired, rules, noFacts));
  // A change that trades one violation for another is no proposal.
  if ([...remaining.keys()].some((key) => !denied.has(key))) return undefined;
  const satisfied = denied.size - remaining.size;
  return satisfied > 0 ? { patch: patchAt(pod.path, patch), satisfied } : undefined;
}

/** The patch of a pod as one of the object that holds it. */
function patchAt(path: FieldPath, patch: MergePatch): MergePatch {
  return path.reduceRight<MergePatch>((inner, segment) => ({ [segment]: inner }), patch);
}

/** Violations that deny, each once however many policies mind it. */
export function enforcedViolations({ findings }: Decision): ReadonlyMap<string, Finding> {
  const violations = new Map<string, Finding>();
  for (const finding of findings) {
    if (finding.mode === 'Enforce') violations.set(violationKey(finding), finding);
  }
  return violations;
}

/** Two findings are of one violation when rule, message and place are the same. */
export function violationKey({ rule, violation, path }: Finding): string {
  return `${rule.id} ${violation.message} ${formatFieldPath(path)}`;
}

/** Each repair sees the pod as the ones before left it, so that two changes of one list both take effect. */
function applyRepairs(pod: PodView, denied: readonly Finding[], patch: MergePatch): PodView {
  let repaired = pod;
  const original = { metadata: pod.metadata, spec: pod.spec };
  for (const { rule, violation, error } of denied) {
    if (error || rule.repair === undefined) continue;
    const operations = [...rule.repair(repaired, violation)];
    if (!operations.every((operation) => mergeOperation({}, original, operation))) continue;
    repaired = apply(repaired, operations);
    for (const operation of operations) mergeOperation(patch, original, operation);
  }
  return repaired;
}

function apply(pod: PodView, operations: readonly PatchOperation[]): PodView {
  let copy: unknown = { metadata: pod.metadata, spec: pod.spec };
  for (const operation of operations) copy = applyPatchOperation(copy, operation);
  return podViewAt(copy, pod.path, pod.object);
}
