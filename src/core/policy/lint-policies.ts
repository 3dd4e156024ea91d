import { type FieldPath, valueAt } from '../pod/field-path.ts';
import { effectiveMinor, formatPolicyVersion, newestMinor } from '../pod/version.ts';
import { groupOf } from '../rules/groups.ts';
import { podSecurityRules } from '../rules/index.ts';
import { ruleVersionAt } from '../rules/rule.ts';
import type { BoundRule, Subject } from './bound-rule.ts';
import { maySpeak } from './bound-rules.ts';
import { noExceptions } from './exceptions.ts';
import type { Exclusion } from './exclusion.ts';
import type { LintReason, LintWarning } from './lint.ts';
import type { NamespaceMatch } from './match.ts';
import { contradictedKey, isExcluded } from './match-overlap.ts';
import type { PodPolicy, PodSecuritySection } from './pod-policy.ts';
import { bindPolicy, groupsOf } from './policy-binding.ts';

type Doubt = readonly [path: FieldPath, reason: LintReason, message: string];

/** What a policy says in vain. */
export function lintPolicy(policy: PodPolicy): readonly LintWarning[] {
  const doubts = [...matchDoubts(policy), ...askingDoubts(policy), ...sectionDoubts(policy)];
  return doubts.map(([path, reason, message]) => ({ of: policy, path, reason, message }));
}

/**
 * What the policy itself asks of a subject, whatever the labels of the namespace add: not what only speaks where an
 * exception excuses a stronger rule.
 */
export function questionsOf(policy: PodPolicy, subject: Subject): readonly BoundRule[] {
  const { rules } = bindPolicy(policy, { subject, ceiling: 'Enforce' });
  return rules.filter((rule) => maySpeak(rule, noExceptions));
}

/** What an `include` and an `exclude` leave of each other. */
export function namespaceDoubts(namespaces: NamespaceMatch, path: FieldPath): readonly Doubt[] {
  const { include, exclude } = namespaces;
  if (include.length === 0) {
    const all = exclude.findIndex((pattern) => /^\*+$/.test(pattern));
    return all < 0 ? [] : [[[...path, 'exclude', all], 'NeverMatches', 'excludes every namespace']];
  }
  const gone = include.flatMap((pattern, index) => (isExcluded(pattern, namespaces) ? [index] : []));
  if (gone.length === include.length) {
    return [[[...path, 'include'], 'NeverMatches', 'is excluded again, all of it: no namespace is left']];
  }
  return gone.map((index) => [[...path, 'include', index], 'NoEffect', 'is excluded again']);
}

function matchDoubts({ spec: { match } }: PodPolicy): readonly Doubt[] {
  const path: FieldPath = ['spec', 'match'];
  const selectors = (['namespaceSelector', 'objectSelector'] as const).flatMap((field): readonly Doubt[] => {
    const key = contradictedKey(match[field]);
    if (key === undefined) return [];
    return [
      [
        [...path, field],
        'NeverMatches',
        `contradicts itself: no value of the label ${key} fulfils all that is said of it`,
      ],
    ];
  });
  return [...namespaceDoubts(match.namespaces, [...path, 'namespaces']), ...selectors];
}

function askingDoubts(policy: PodPolicy): readonly Doubt[] {
  const section = policy.spec.podSecurity;
  if (section === undefined) {
    if (questionsOf(policy, 'pod').length > 0) return [];
    return [[['spec'], 'AsksNothing', 'asks nothing of any pod: no section names a rule or a level']];
  }
  const reads = section.namespaceLabels !== 'Ignore' || section.labelGuard !== undefined;
  if (reads || questionsOf(policy, 'pod').length > 0) return [];
  const message = `asks nothing of any pod: the level ${section.level} has no rules, and labels of namespaces are ignored`;
  return [[['spec', 'podSecurity', 'level'], 'AsksNothing', message]];
}

function sectionDoubts(policy: PodPolicy): readonly Doubt[] {
  const ofGroups = groupsOf(policy).flatMap(([group, { except }]) => exclusionDoubts(policy, [group], except));
  return [...standardDoubts(policy), ...ofGroups];
}

function standardDoubts(policy: PodPolicy): readonly Doubt[] {
  const section = policy.spec.podSecurity;
  if (section === undefined) return [];
  const { version } = section;
  const newer = version !== 'latest' && version > newestMinor;
  const unknown = `is newer than v1.${newestMinor}, the newest that this build knows, and counts as that one`;
  const doubts: readonly Doubt[] = newer ? [[['spec', 'podSecurity', 'version'], 'VersionUnknown', unknown]] : [];
  // Labels may bring any level and version, and what is said of single rules holds for those too.
  if (section.namespaceLabels === 'Respect') return doubts;
  return [...doubts, ...entryDoubts(policy, section), ...exclusionDoubts(policy, ['podSecurity'], section.except)];
}

function entryDoubts(policy: PodPolicy, section: PodSecuritySection): readonly Doubt[] {
  return Object.keys(section.rules).flatMap((id): readonly Doubt[] => {
    const { [id]: _, ...rules } = section.rules;
    const without = { ...policy, spec: { ...policy.spec, podSecurity: { ...section, rules } } };
    if (fingerprintOf(policy) !== fingerprintOf(without)) return [];
    const reason = whyNotAsked(policy, id) ?? `the level ${section.level} asks it anyway, in the same mode`;
    return [[['spec', 'podSecurity', 'rules', id], 'NoEffect', `has no effect: ${reason}`]];
  });
}

/** Equal for policies that ask the same. */
function fingerprintOf(policy: PodPolicy): string {
  const bound = [...questionsOf(policy, 'pod'), ...questionsOf(policy, 'template')];
  return JSON.stringify(
    bound.map(({ rule, mode, params, silencedBy }) => [rule.id, mode, params, silencedBy?.rule.id]),
  );
}

function exclusionDoubts(policy: PodPolicy, at: FieldPath, except: readonly Exclusion[]): readonly Doubt[] {
  return except.flatMap(({ rules }, index) =>
    rules.flatMap((id, place): readonly Doubt[] => {
      const reason = whyNotAsked(policy, id);
      const path: FieldPath = ['spec', ...at, 'except', index, 'rules', place];
      return reason === undefined ? [] : [[path, 'NoEffect', `has no effect: ${reason}`]];
    }),
  );
}

/** Undefined where a policy asks a rule. */
export function whyNotAsked(policy: PodPolicy, id: string): string | undefined {
  const bound = questionsOf(policy, 'pod');
  if (bound.some(({ rule }) => rule.id === id)) return undefined;
  const group = groupOf(id);
  if (group !== undefined) return `the section ${group} does not name ${id}`;
  const section = policy.spec.podSecurity;
  if (section === undefined) return `there is no podSecurity that could ask ${id}`;
  const rule = podSecurityRules.find((each) => each.id === id);
  if (rule === undefined) return `there is no rule ${id}`;
  const minor = effectiveMinor(section.version);
  if (ruleVersionAt(rule, minor) === undefined) {
    return `${id} exists since v${rule.versions[0].since}, and version is ${formatPolicyVersion(section.version)}`;
  }
  const stronger = bound.find(({ version }) => version.overrides?.includes(id));
  if (stronger !== undefined) return `${stronger.rule.id} is asked in its place`;
  const switchedOn = valueAt(section.rules, [id]) !== undefined;
  return switchedOn
    ? `nothing asks ${id}`
    : `the level ${section.level} does not ask ${id}, nor does rules switch it on`;
}
