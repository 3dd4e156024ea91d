import type { Finding } from '../engine/decision.ts';
import { violationKey } from '../engine/repair.ts';

/** One violation, and every policy that minds it in the same mode: one line of a message. */
export interface FindingGroup {
  readonly finding: Finding;
  readonly policies: readonly string[];
}

/** Keeps the order of the first finding of each violation. */
export function groupFindings(findings: readonly Finding[]): readonly FindingGroup[] {
  const groups = new Map<string, { finding: Finding; policies: string[] }>();
  for (const finding of findings) {
    const key = `${finding.mode} ${violationKey(finding)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, policies: [finding.policy] });
    else if (!group.policies.includes(finding.policy)) group.policies.push(finding.policy);
  }
  return [...groups.values()];
}
