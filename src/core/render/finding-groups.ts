import { type Finding, violationKey } from '../engine/decision.ts';
import type { Locale } from '../locale.ts';
import { findingMessage, findingPath } from './finding-text.ts';

/** One violation, its words, and every policy that minds it in the same mode, or has it excused by the same exception: one line of a message. */
export interface FindingGroup {
  readonly finding: Finding;
  readonly policies: readonly string[];
  /** The path into the applied object, safe to print. */
  readonly path: string;
  /** What is wrong there: `is unset, must be true`. */
  readonly message: string;
}

/** Keeps the order of the first finding of each violation. */
export function groupFindings(findings: readonly Finding[], locale: Locale): readonly FindingGroup[] {
  const [first] = findings;
  // One policy alone finds each violation once: nothing to group, the ordinary case.
  if (first === undefined || findings.every(({ policy }) => policy === first.policy)) {
    return findings.map((finding) => groupOf(finding, findingPath(finding), locale));
  }
  const groups = new Map<string, FindingGroup & { policies: string[] }>();
  for (const finding of findings) {
    const path = findingPath(finding);
    const { mode, exception } = finding;
    const key = `${mode} ${exception?.name ?? ''} ${violationKey(finding)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, groupOf(finding, path, locale));
    // Findings of one place are in the order of their policies: one that is there already is the last.
    else if (group.policies.at(-1) !== finding.policy) group.policies.push(finding.policy);
  }
  return [...groups.values()];
}

/** The same groups in another language. */
export function translateGroups(groups: readonly FindingGroup[], locale: Locale): readonly FindingGroup[] {
  return groups.map((group) => ({ ...group, message: findingMessage(group.finding, locale) }));
}

function groupOf(finding: Finding, path: string, locale: Locale): FindingGroup & { policies: string[] } {
  return { finding, policies: [finding.policy], path, message: findingMessage(finding, locale) };
}
