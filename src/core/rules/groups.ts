import { imageRules, podSecurityRules, practiceRules, resourceRules } from './index.ts';
import type { Rule } from './rule.ts';

/** The sections of a policy whose rules are switched on one by one, each with its folder of rules. */
export const ruleGroups = {
  images: imageRules,
  resources: resourceRules,
  practices: practiceRules,
} as const satisfies Readonly<Record<string, readonly Rule[]>>;

/** A section of a policy beside `podSecurity`. */
export type RuleGroup = keyof typeof ruleGroups;

export const groupNames = Object.keys(ruleGroups) as readonly RuleGroup[];

/** Every rule that a pod can break. */
export const podRules: readonly Rule[] = [...podSecurityRules, ...Object.values(ruleGroups).flat()];

/** The section that switches a rule on by its name; undefined for those of the Pod Security Standards. */
export function groupOf(id: string): RuleGroup | undefined {
  return groupNames.find((group) => ruleGroups[group].some((rule) => rule.id === id));
}
