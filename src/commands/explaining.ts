import { SekishoError } from '../core/error.ts';
import { apiVersion } from '../core/policy/pod-policy.ts';
import { printable } from '../core/render/escape.ts';
import { renderJson } from '../core/render/json.ts';
import type { ExplainedRule } from '../core/render/rule-examples.ts';
import { renderRule, renderRuleList, toRuleDocument } from '../core/render/rule-text.ts';
import { podRules } from '../core/rules/groups.ts';
import { namespaceRules } from '../core/rules/index.ts';
import { writeOutput } from '../io/output.ts';
import type { ExplainOptions } from './explain.ts';

/** Whatever a finding may name. */
const everyRule: readonly ExplainedRule[] = [...podRules, ...namespaceRules];

/** Prints rules, or the list of them. Throws, naming the nearest, where there is no such rule. */
export async function explain(ids: readonly string[], { output, lang }: ExplainOptions): Promise<void> {
  const rules = ids.length === 0 ? everyRule : [...new Set(ids)].map(ruleOf);
  if (output === 'json') {
    const documents = rules.map((rule) => toRuleDocument(rule, lang));
    await writeOutput(renderJson({ apiVersion, kind: 'RuleList', rules: documents }));
  } else if (ids.length === 0) await writeOutput(renderRuleList(rules, lang));
  else await writeOutput(rules.map((rule) => renderRule(rule, lang)).join('\n'));
}

function ruleOf(id: string): ExplainedRule {
  const rule = everyRule.find((each) => each.id === id);
  if (rule !== undefined) return rule;
  const near = nearest(
    id,
    everyRule.map((each) => each.id),
  );
  const advice = near.length === 0 ? "'sekisho explain' lists all" : `did you mean ${near.join(' or ')}?`;
  throw new SekishoError('UsageInvalid', `no rule is called ${printable(id, 80)}: ${advice}`);
}

/** The ids that contain what was typed, or are the fewest keystrokes away, at most three. */
export function nearest(typed: string, ids: readonly string[]): readonly string[] {
  const wanted = typed.slice(0, 64).toLowerCase();
  const scored = ids.map((id) => {
    const lower = id.toLowerCase();
    const contained = wanted.length > 2 && (lower.includes(wanted) || wanted.includes(lower));
    return { id, distance: contained ? 0 : editDistance(wanted, lower) };
  });
  const least = Math.min(...scored.map(({ distance }) => distance));
  if (least > Math.max(2, wanted.length * 0.4)) return [];
  return scored
    .filter(({ distance }) => distance === least)
    .slice(0, 3)
    .map(({ id }) => id);
}

/** Levenshtein's: how many characters must be typed, taken away or replaced. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
