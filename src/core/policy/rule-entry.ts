import { z } from 'zod';
import type { Rule } from '../rules/rule.ts';
import { type Mode, modes } from './mode.ts';

export const modeField = z.enum(modes);

/** What a policy says of one rule: its mode, and the rule's own settings. */
export interface RuleEntry {
  readonly mode?: Mode | undefined;
  readonly [setting: string]: unknown;
}

function entrySchema(rule: Rule): z.ZodType<RuleEntry | undefined> {
  const entry = rule.params.safeExtend({ mode: modeField.optional().describe('The mode of this rule alone.') });
  return entry.optional().describe(`${rule.title.en}.`) as z.ZodType<RuleEntry | undefined>;
}

/** A field for each rule, by its id. */
export function ruleEntries(rules: readonly Rule[]): Record<string, z.ZodType<RuleEntry | undefined>> {
  return Object.fromEntries(rules.map((rule) => [rule.id, entrySchema(rule)]));
}

const workloads = z.enum(['Enforce', 'Warn', 'Ignore']);

/** How far a section holds for what is no pod yet; templates are judged before anything is filled into them. */
export function workloadsField(unlessSaid: z.output<typeof workloads>) {
  return workloads
    .default(unlessSaid)
    .describe('The most that findings in the templates of Deployments, Jobs and the like lead to.');
}

export const sectionMode = modeField.optional().describe("The mode of this section; absent: the policy's.");
