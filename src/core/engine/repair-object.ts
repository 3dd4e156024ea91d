import type { PatchOperation } from '../pod/patch.ts';
import type { PodView } from '../pod/pod-view.ts';
import { templatesOf } from '../pod/templates.ts';
import { podViewAt } from '../pod/workload.ts';
import { noFacts } from '../rules/facts.ts';
import { evaluate } from './assess.ts';
import { type Finding, violationKey } from './decision.ts';
import type { AppliedObject, Judgement } from './judge.ts';
import { type RepairedPod, type RepairTerms, repairPod, violationsIn } from './repair.ts';

/** Changes of an object, by its own fields, that end violations and make none. */
export interface ObjectRepair {
  readonly operations: readonly PatchOperation[];
  readonly satisfied: number;
}

/** What is to be repaired of an object; `permits` is asked about its own fields. */
export type ObjectRepairTerms = Omit<RepairTerms, 'asked'>;

/**
 * All that can be repaired of an object, whatever its kind, for whoever can write any field of it: unlike the patch of a
 * denial, which a person reads, it is as long as it has to be. Undefined where nothing can.
 */
export function repairObject(
  applied: AppliedObject,
  judgement: Judgement,
  { minds, permits }: ObjectRepairTerms,
): ObjectRepair | undefined {
  if (!judgement.decision.findings.some((finding) => minds(finding) && !finding.error)) return undefined;
  const operations: PatchOperation[] = [];
  let satisfied = 0;
  for (const pod of podsOf(applied, judgement)) {
    const inObject = (operation: PatchOperation): PatchOperation => ({
      ...operation,
      path: [...pod.path, ...operation.path],
    });
    const repaired = repairAll(pod, {
      asked: judgement.asked,
      minds,
      permits: (wanted) => permits(wanted.map(inObject)),
    });
    operations.push(...repaired.operations.map(inObject));
    satisfied += repaired.satisfied;
  }
  return operations.length === 0 ? undefined : { operations, satisfied };
}

/** Of a custom kind every template: kubectl can patch none of them, an editor can. */
function podsOf({ object, workload, reference }: AppliedObject, { pod }: Judgement): readonly PodView[] {
  if (pod !== undefined) return [pod];
  if (!('templates' in workload)) return [];
  return templatesOf(object, workload).map(({ value, path }) => podViewAt(value, path, reference));
}

/** A repair may make the next one possible; more often than this no two rules wait for each other. */
const mostRounds = 8;

function repairAll(pod: PodView, terms: RepairTerms): RepairedPod {
  let repaired: RepairedPod = { pod, operations: [], satisfied: 0 };
  for (let round = 0; round < mostRounds; round++) {
    const found = violationsIn(evaluate(repaired.pod, terms.asked, noFacts), terms.minds);
    const next = repairPod(repaired.pod, found, terms) ?? repairOneByOne(repaired.pod, found, terms);
    if (next === undefined) break;
    repaired = together(repaired, next);
  }
  return repaired;
}

/** Looking at each by itself takes a verdict for each. */
const mostByThemselves = 500;

/** Where all together make a new violation, those that do not. */
function repairOneByOne(pod: PodView, found: readonly Finding[], terms: RepairTerms): RepairedPod | undefined {
  let repaired: RepairedPod | undefined;
  for (const only of found.slice(0, mostByThemselves)) {
    const before = repaired?.pod ?? pod;
    const known = violationsIn(evaluate(before, terms.asked, noFacts), terms.minds);
    const key = violationKey(only);
    if (!known.some((finding) => violationKey(finding) === key)) continue;
    const next = repairPod(before, known, { ...terms, only });
    if (next !== undefined) repaired = repaired === undefined ? next : together(repaired, next);
  }
  return repaired;
}

function together(before: RepairedPod, { pod, operations, satisfied }: RepairedPod): RepairedPod {
  return { pod, operations: [...before.operations, ...operations], satisfied: before.satisfied + satisfied };
}
