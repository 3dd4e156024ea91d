import { type Locale, type Localized, localize } from '../locale.ts';
import { formatPolicyVersion, newestMinor } from '../pod/version.ts';
import { examplePod } from '../rules/minimal-pod.ts';
import type { Rule, RuleExample } from '../rules/rule.ts';
import { alignColumns } from './columns.ts';
import { settingsExample, settingsText } from './rule-settings.ts';
import { renderYaml } from './yaml.ts';

const words = {
  rule: { en: 'RULE', ja: 'ルール' },
  level: { en: 'LEVEL', ja: 'レベル' },
  severity: { en: 'SEVERITY', ja: '深刻度' },
  title: { en: 'WHAT IT JUDGES', ja: '対象' },
} as const;
const labels = {
  level: { en: 'Level:', ja: 'レベル:' },
  severity: { en: 'Severity:', ja: '深刻度:' },
  versions: { en: 'Versions:', ja: 'バージョン:' },
  overrides: { en: 'Speaks for:', ja: '代わりに判定するルール:' },
  reference: { en: 'Reference:', ja: '参照:' },
} as const;
const headings = {
  why: { en: 'Why', ja: '理由' },
  fix: { en: 'What to change', ja: '修正方法' },
  settings: { en: 'In a policy (spec)', ja: 'ポリシーでの設定 (spec)' },
  allowed: { en: 'Allowed', ja: '許可される例' },
  violating: { en: 'Denied', ja: '拒否される例' },
} as const;
const pss: Localized = { en: 'Pod Security Standards, {name}', ja: 'Pod Security Standards「{name}」' };
const cis: Localized = { en: 'CIS Kubernetes Benchmark {section}', ja: 'CIS Kubernetes Benchmark {section}' };
const since: Localized = { en: 'since {version}', ja: '{version} 以降' };
const changed: Localized = { en: 'changed in {versions}', ja: '{versions} で変更' };
const atVersion: Localized = { en: '# at version {version}', ja: '# バージョン {version} の場合' };
const denied: Localized = { en: '# denied for {paths}', ja: '# 違反: {paths}' };

/** Where the rule comes from, each source with its edition. */
export function referenceTexts({ references }: Rule, locale: Locale): readonly string[] {
  return [
    ...(references.pss ?? []).map((name) => localize(pss, locale, { name })),
    ...(references.cis ?? []).map((section) => localize(cis, locale, { section })),
  ];
}

/** One line for each rule. */
export function renderRuleList(rules: readonly Rule[], locale: Locale): string {
  const heads = [words.rule, words.level, words.severity, words.title].map((head) => head[locale]);
  const rows = rules.map((rule) => [rule.id, rule.level ?? '', rule.severity, rule.title[locale]]);
  return `${alignColumns([heads, ...rows]).join('\n')}\n`;
}

/** Everything a rule says of itself. */
export function renderRule(rule: Rule, locale: Locale): string {
  const overrides = [...new Set(rule.versions.flatMap((version) => version.overrides ?? []))];
  const facts: [string, string][] = [
    [labels.level[locale], rule.level ?? ''],
    [labels.severity[locale], rule.severity],
    [labels.versions[locale], versionsText(rule, locale)],
    [labels.overrides[locale], overrides.join(', ')],
    ...referenceTexts(rule, locale).map((text): [string, string] => [labels.reference[locale], text]),
  ];
  return [
    `${rule.id}: ${rule.title[locale]}`,
    '',
    ...alignColumns(facts.filter(([, value]) => value !== '')).map((line) => `  ${line}`),
    '',
    headings.why[locale],
    `  ${rule.why[locale]}`,
    '',
    headings.fix[locale],
    `  ${rule.fix[locale]}`,
    '',
    headings.settings[locale],
    ...settingsText(rule, locale)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    headings.allowed[locale],
    ...rule.examples.allowed.flatMap((example) => exampleLines(example, [], locale)),
    headings.violating[locale],
    ...rule.examples.violating.flatMap((example) => exampleLines(example, example.violates, locale)),
  ].join('\n');
}

function versionsText({ versions }: Rule, locale: Locale): string {
  const [first, ...later] = versions.map((version) => `v${version.since}`);
  const text = localize(since, locale, { version: first ?? '' });
  return later.length === 0 ? text : `${text}, ${localize(changed, locale, { versions: later.join(', ') })}`;
}

/** A whole manifest, which can be copied and applied; what is said of it stands in its comments. */
function exampleLines(example: RuleExample, violates: readonly string[], locale: Locale): readonly string[] {
  const comments = [
    ...(example.version === undefined ? [] : [localize(atVersion, locale, { version: example.version })]),
    ...(violates.length === 0 ? [] : [localize(denied, locale, { paths: violates.join(', ') })]),
  ];
  const manifest = renderYaml(examplePod(example)).trimEnd().split('\n');
  return [...comments, ...manifest, ''].map((line) => (line === '' ? '' : `  ${line}`));
}

/** A rule for programs, in one language; examples as whole pods. */
export function toRuleDocument(rule: Rule, locale: Locale): unknown {
  const { id, level, severity, references, title, why, fix, versions, examples } = rule;
  const example = (each: RuleExample): object => ({
    version: each.version ?? formatPolicyVersion(newestMinor),
    pod: examplePod(each),
  });
  return {
    id,
    level,
    severity,
    title: title[locale],
    why: why[locale],
    fix: fix[locale],
    references,
    settings: settingsExample(rule),
    versions: versions.map((version) => ({ since: `v${version.since}`, overrides: version.overrides })),
    examples: {
      allowed: examples.allowed.map(example),
      violating: examples.violating.map((each) => ({ ...example(each), violates: each.violates })),
    },
  };
}
