import type { Locale, Localized } from '../locale.ts';
import { effectiveMinor, parsePolicyVersion } from '../pod/version.ts';
import { podViewAt } from '../pod/workload.ts';
import { noFacts } from '../rules/facts.ts';
import { groupOf } from '../rules/groups.ts';
import { examplePod } from '../rules/minimal-pod.ts';
import { type Rule, type RuleSettings, ruleVersionAt, type ViolatingExample, violationsOf } from '../rules/rule.ts';
import type { ExplainedRule } from './rule-examples.ts';
import { renderYaml } from './yaml.ts';

/* What a policy may say of a rule, as YAML that can be copied into one. */

const modeNote: Localized = {
  en: 'Enforce, Warn or Audit; without this entry the level switches the rule on',
  ja: 'Enforce、Warn、Audit のいずれか。この項目がなければレベルに従います',
};
const groupModeNote: Localized = {
  en: "Enforce, Warn or Audit; absent: the section's, or the policy's",
  ja: 'Enforce、Warn、Audit のいずれか。なければセクション、またはポリシーに従います',
};
const wholeNote: Localized = {
  en: 'excuses every violation in these containers',
  ja: 'これらのコンテナーの違反をすべて除外します',
};
const valuesNote: Localized = {
  en: 'excuses these found values; without values all, without containers everywhere',
  ja: 'これらの値の違反を除外します。values がなければすべての値、containers がなければすべての場所',
};

/** The section of a policy, in the shape that the policy's schema reads. */
export function settingsExample(explained: ExplainedRule): Readonly<Record<string, unknown>> {
  if ('settings' in explained) return explained.settings;
  const { id, ...rule } = explained;
  const group = groupOf(id);
  if (group !== undefined) return { [group]: { [id]: { ...exampleSettings(rule), mode: 'Warn' } } };
  const values = foundValues({ id, ...rule });
  const exclusion = { rules: [id], ...(values.length > 0 && { values }), containers: ['example'] };
  return { podSecurity: { level: 'restricted', rules: { [id]: { mode: 'Warn' } }, except: [exclusion] } };
}

/** The same as text, with a comment on each of the two ways. */
export function settingsText(rule: ExplainedRule, locale: Locale): string {
  if ('settings' in rule) return renderYaml(settingsExample(rule));
  const note = rule.values === undefined ? wholeNote : valuesNote;
  return renderYaml(settingsExample(rule))
    .replace(/^( *mode: Warn)$/m, `$1 # ${(groupOf(rule.id) === undefined ? modeNote : groupModeNote)[locale]}`)
    .replace(/^( *- rules:)$/m, `    # ${note[locale]}\n$1`);
}

/** What the rule finds in its own examples, as far as `except.values` may name it. */
function foundValues(rule: Rule): readonly unknown[] {
  const { values } = rule;
  if (values === undefined) return [];
  for (const example of rule.examples.violating) {
    const found = exampleViolations(rule, example).map((violation) => violation.found);
    const nameable = found.filter((value) => values.safeParse(value).success);
    if (nameable.length > 0) return [...new Set(nameable)];
  }
  return [];
}

const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'example' };

function exampleViolations(rule: Rule, example: ViolatingExample) {
  const version = ruleVersionAt(rule, effectiveMinor(parsePolicyVersion(example.version ?? 'latest') ?? 'latest'));
  const pod = podViewAt(examplePod(example), [], reference);
  const params = rule.params.parse(example.settings ?? exampleSettings(rule));
  return version === undefined ? [] : violationsOf(version, { pod, params, facts: noFacts });
}

/** Of the examples that have none of their own. */
function exampleSettings({ examples }: Pick<Rule, 'examples'>): RuleSettings {
  return examples.settings ?? {};
}
