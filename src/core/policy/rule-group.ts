import { z } from 'zod';
import { type RuleGroup, ruleGroups } from '../rules/groups.ts';
import { type Exclusion, exclusionsField } from './exclusion.ts';
import type { Mode } from './mode.ts';
import { type RuleEntry, ruleEntries, sectionMode, workloadsField } from './rule-entry.ts';

/** What a section of a policy says, whichever rules it has. */
export interface SectionTerms {
  readonly mode?: Mode | undefined;
  readonly workloads: 'Enforce' | 'Warn' | 'Ignore';
  readonly except: readonly Exclusion[];
}

/** A section whose rules are named beside its own fields: a rule that is not named is off. */
export interface GroupSection extends SectionTerms {
  readonly [ruleId: string]: unknown;
}

function groupSchema(group: RuleGroup): z.ZodType<GroupSection> {
  const rules = ruleGroups[group];
  const section = z.strictObject({
    mode: sectionMode,
    workloads: workloadsField('Warn'),
    except: exclusionsField(rules),
    ...ruleEntries(rules),
  });
  return section as unknown as z.ZodType<GroupSection>;
}

/** The sections beside `podSecurity`, as fields of a spec. */
export const groupSections = {
  images: groupSchema('images').optional().describe('Where images may come from, and how they are named.'),
  resources: groupSchema('resources').optional().describe('What containers must and may ask of a node.'),
  practices: groupSchema('practices').optional().describe('What good manifests have.'),
} as const satisfies Readonly<Record<RuleGroup, z.ZodType>>;

/** What a section says of each rule that it names. */
export function entriesOf(group: RuleGroup, section: GroupSection): Readonly<Record<string, RuleEntry | undefined>> {
  const ids = ruleGroups[group].map(({ id }) => id);
  return Object.fromEntries(ids.map((id) => [id, section[id] as RuleEntry | undefined]));
}
