import { compareFieldPaths } from '../pod/field-path.ts';
import { createPatchedCopy, type PatchOperation } from '../pod/patch.ts';
import type { PodParts, PodView } from '../pod/pod-view.ts';
import { createMergePatch, type MergePatch, mergePatchAt } from '../pod/strategic-merge-patch.ts';
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
  if (found.filter(isRepaired).length > mostFindings) return undefined;
  const { patch, isAddressable, merge } = createMergePatch(partsOf(pod));
  const permits = (operations: readonly PatchOperation[]): boolean =>
    operations.every(({ path }) => isAddressable(path));
  const repaired = repairPod(pod, found, { asked, minds: denies, permits });
  if (repaired === undefined) return undefined;
  for (const operation of repaired.operations) merge(operation);
  return { patch: mergePatchAt(pod.path, patch), satisfied: repaired.satisfied };
}

/** What is to be repaired, and how. */
export interface RepairTerms {
  readonly asked: AskedRules;
  /** Which findings are to end, and must not come to be. */
  minds(finding: Finding): boolean;
  /** Whether the changes that one violation needs, in fields of the pod, can be made. */
  permits(operations: readonly PatchOperation[]): boolean;
  /** The one violation that is tried, rather than all of them. */
  readonly only?: Finding;
}

/** A pod on which the changes were made. */
export interface RepairedPod {
  readonly pod: PodView;
  /** In fields of the pod. */
  readonly operations: readonly PatchOperation[];
  /** How many violations they end. */
  readonly satisfied: number;
}

/** The changes that the rules propose against violations, each given once, if they hold together. */
export function repairPod(pod: PodView, found: readonly Finding[], terms: RepairTerms): RepairedPod | undefined {
  const wanted = found.filter(isRepaired);
  // In the order of the fields, so that a patch reads like the object.
  const inOrder = terms.only ? [terms.only] : [...wanted].sort((a, b) => compareFieldPaths(a.path, b.path));
  const repaired = applyRepairs(pod, inOrder, terms);
  if (repaired === undefined) return undefined;
  const decision = evaluate(repaired.pod, terms.asked, noFacts);
  const remaining = remainingViolations(violationsIn(decision, terms.minds), found);
  if (remaining === undefined || remaining >= wanted.length) return undefined;
  return { ...repaired, satisfied: wanted.length - remaining };
}

function isRepaired({ letThrough }: Finding): boolean {
  return letThrough === undefined;
}

/** How many are left; undefined where there are new ones: a change that trades one for another is no proposal. */
function remainingViolations(left: readonly Finding[], before: readonly Finding[]): number | undefined {
  if (left.length === 0) return 0;
  const known = new Set(before.map(violationKey));
  if (!left.every((finding) => known.has(violationKey(finding)))) return undefined;
  // What one policy let through another may deny.
  const wanted = new Set(before.filter(isRepaired).map(violationKey));
  return left.filter((finding) => wanted.has(violationKey(finding))).length;
}

/** The violations that deny, each once however many policies mind it. */
export function deniedViolations(decision: Decision): readonly Finding[] {
  return violationsIn(decision, denies);
}

/** The violations that somebody minds, each once however many policies do. */
export function violationsIn({ findings }: Decision, minds: RepairTerms['minds']): readonly Finding[] {
  const minded = findings.filter(minds);
  const [first] = minded;
  // One policy alone finds each violation once in a mode: the ordinary case.
  if (minded.every(({ policy, mode }) => policy === first?.policy && mode === first.mode)) return minded;
  const violations = new Map<string, Finding>();
  for (const finding of minded) {
    const key = violationKey(finding);
    if (!violations.has(key)) violations.set(key, finding);
  }
  return [...violations.values()];
}

/** Each repair sees the pod as the ones before left it, so that two changes of one list both take effect. */
function applyRepairs(
  pod: PodView,
  wanted: readonly Finding[],
  { permits }: RepairTerms,
): Omit<RepairedPod, 'satisfied'> | undefined {
  const copy = createPatchedCopy(partsOf(pod));
  const made: PatchOperation[] = [];
  for (const { rule, params, violation, error } of wanted) {
    if (error || rule.repair === undefined) continue;
    const operations = [...rule.repair(copy.value() as PodParts, violation, params)];
    if (!permits(operations)) continue;
    for (const operation of operations) copy.apply(operation);
    made.push(...operations);
  }
  return made.length === 0 ? undefined : { pod: changedPodView(pod, copy.value() as PodParts), operations: made };
}

function partsOf({ metadata, spec }: PodView): PodParts {
  return { metadata, spec };
}
