import { type Locale, type Localized, localize } from '../locale.ts';
import { groupOf } from '../rules/groups.ts';
import { alignColumns } from './columns.ts';
import { type ExplainedExample, type ExplainedRule, examplesOf, switchOf, versionsOf } from './rule-examples.ts';
import { settingsExample, settingsText } from './rule-settings.ts';
import { renderYaml } from './yaml.ts';

const words = {
  rule: { en: 'RULE', ja: 'ルール' },
  level: { en: 'LEVEL OR SECTION', ja: 'レベル・セクション' },
  severity: { en: 'SEVERITY', ja: '深刻度' },
  title: { en: 'WHAT IT JUDGES', ja: '対象' },
} as const;
const labels = {
  level: { en: 'Level:', ja: 'レベル:' },
  section: { en: 'Section:', ja: 'セクション:' },
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
const withSettings: Localized = { en: '# with {settings}', ja: '# 設定 {settings} の場合' };
const denied: Localized = { en: '# denied for {paths}', ja: '# 違反: {paths}' };

/** Where the rule comes from, each source with its edition. */
export function referenceTexts({ references }: ExplainedRule, locale: Locale): readonly string[] {
  return [
    ...(references.pss ?? []).map((name) => localize(pss, locale, { name })),
    ...(references.cis ?? []).map((section) => localize(cis, locale, { section })),
  ];
}

/** One line for each rule. */
export function renderRuleList(rules: readonly ExplainedRule[], locale: Locale): string {
  const heads = [words.rule, words.level, words.severity, words.title].map((head) => head[locale]);
  const rows = rules.map((rule) => [rule.id, switchOf(rule), rule.severity, rule.title[locale]]);
  return `${alignColumns([heads, ...rows]).join('\n')}\n`;
}

/** Everything a rule says of itself. */
export function renderRule(rule: ExplainedRule, locale: Locale): string {
  const overrides = [...new Set(versionsOf(rule).flatMap((version) => version.overrides ?? []))];
  const { allowed, violating } = examplesOf(rule);
  const facts: [string, string][] = [
    [labels.level[locale], rule.level ?? ''],
    [labels.section[locale], groupOf(rule.id) ?? ''],
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
    ...allowed.flatMap((example) => exampleLines(example, locale)),
    headings.violating[locale],
    ...violating.flatMap((example) => exampleLines(example, locale)),
  ].join('\n');
}

function versionsText(rule: ExplainedRule, locale: Locale): string {
  const [first, ...later] = versionsOf(rule).map((version) => `v${version.since}`);
  if (first === undefined) return '';
  const text = localize(since, locale, { version: first });
  return later.length === 0 ? text : `${text}, ${localize(changed, locale, { versions: later.join(', ') })}`;
}

/** Whole manifests, which can be copied and applied; what is said of them stands in their comments. */
function exampleLines({ version, settings, violates, manifests }: ExplainedExample, locale: Locale): readonly string[] {
  const comments = [
    ...(version === undefined ? [] : [localize(atVersion, locale, { version })]),
    ...(settings === undefined ? [] : [localize(withSettings, locale, { settings: JSON.stringify(settings) })]),
    ...(violates.length === 0 ? [] : [localize(denied, locale, { paths: violates.join(', ') })]),
  ];
  const documents = manifests.map(({ caption, object }) => [
    ...(caption === undefined ? [] : [`# ${caption[locale]}`]),
    ...renderYaml(object).trimEnd().split('\n'),
  ]);
  const lines = documents.flatMap((document, index) => (index === 0 ? document : ['---', ...document]));
  return [...comments, ...lines, ''].map((line) => (line === '' ? '' : `  ${line}`));
}

/** A rule for programs, in one language; examples as whole objects. */
export function toRuleDocument(rule: ExplainedRule, locale: Locale): unknown {
  const { id, level, severity, references, title, why, fix } = rule;
  const { allowed, violating } = examplesOf(rule);
  const versions = versionsOf(rule).map((version) => ({ since: `v${version.since}`, overrides: version.overrides }));
  return {
    id,
    level,
    section: groupOf(id),
    severity,
    title: title[locale],
    why: why[locale],
    fix: fix[locale],
    references,
    settings: settingsExample(rule),
    ...(versions.length === 0 ? {} : { versions }),
    examples: {
      allowed: allowed.map(exampleDocument),
      violating: violating.map((example) => ({ ...exampleDocument(example), violates: example.violates })),
    },
  };
}

/** A pod under its version, or a namespace before and after. */
function exampleDocument({ judgedAt, settings, manifests: [first, second] }: ExplainedExample): object {
  return second === undefined
    ? { version: judgedAt, settings, pod: first?.object }
    : { before: first?.object, after: second.object };
}
