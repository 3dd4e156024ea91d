import { formatPolicyVersion } from '../pod/version.ts';
import { groupNames, type RuleGroup, ruleGroups } from '../rules/groups.ts';
import {
  type Binding,
  type BoundRule,
  bindLevel,
  bindNamed,
  limitOf,
  noTerms,
  type Question,
  termsOf,
  withoutRepetition,
} from './bound-rule.ts';
import type { BoundPolicy } from './bound-rules.ts';
import { compareModes, type Mode, modes, weakerMode } from './mode.ts';
import { noStandards, type PodSecurityLabels, type Standard, standardsOf } from './namespace-labels.ts';
import type { PodPolicy, PodSecuritySection } from './pod-policy.ts';
import { entriesOf, type GroupSection, type SectionTerms } from './rule-group.ts';

/** Whether what a policy asks hangs on the labels `pod-security.kubernetes.io/*`. */
export function readsLabels({ spec: { podSecurity } }: PodPolicy): boolean {
  return podSecurity !== undefined && podSecurity.namespaceLabels !== 'Ignore';
}

/** What a policy asks where the namespace has these labels; without any it asks what it says itself. */
export function bindPolicy(policy: PodPolicy, binding: Binding, labels?: PodSecurityLabels): BoundPolicy {
  const level = bindPodSecurity(policy, binding, labels);
  const rules = [...level.rules, ...bindGroups(policy, binding)];
  return { policy, rules, enforced: describe(policy, rules, level.enforced) };
}

/** What a policy asks that hangs on no label of a namespace. */
export function bindBesideLabels(policy: PodPolicy, binding: Binding): BoundPolicy {
  const rules = bindGroups(policy, binding);
  return { policy, rules, enforced: describe(policy, rules, []) };
}

function bindGroups(policy: PodPolicy, binding: Binding): readonly BoundRule[] {
  return groupsOf(policy).flatMap(([group, section]) => {
    const limit = limitOf(section, binding);
    if (limit === undefined) return [];
    const terms = termsOf(section, entriesOf(group, section));
    const mode = section.mode ?? policy.spec.mode;
    return bindNamed(ruleGroups[group], { policy: policy.metadata.name, terms, mode, limit });
  });
}

/** The sections that a policy has beside `podSecurity`. */
export function groupsOf({ spec }: PodPolicy): readonly (readonly [RuleGroup, GroupSection])[] {
  return groupNames.flatMap((group) => {
    const section = spec[group];
    return section === undefined ? [] : [[group, section] as const];
  });
}

interface BoundLevels {
  readonly rules: readonly BoundRule[];
  /** The levels of which some rule is enforced. */
  readonly enforced: readonly Standard[];
}

function bindPodSecurity(policy: PodPolicy, binding: Binding, labels: PodSecurityLabels | undefined): BoundLevels {
  const section = policy.spec.podSecurity;
  const limit = section && limitOf(section, binding);
  if (section === undefined || limit === undefined) return { rules: [], enforced: [] };
  const questions = questionsOf({ policy, section, limit }, labels);
  const asked = questions.map((question) => ({ standard: question.standard, rules: bindLevel(question) }));
  const all = asked.flatMap(({ rules }) => rules);
  const enforced = asked.filter(({ rules }) => rules.some(({ mode }) => mode === 'Enforce'));
  return {
    rules: asked.length === 1 ? all : withoutRepetition(all),
    enforced: enforced.map(({ standard }) => standard),
  };
}

interface Section {
  readonly policy: PodPolicy;
  readonly section: PodSecuritySection;
  readonly limit: Mode;
}

function questionsOf({ policy, section, limit }: Section, labels: PodSecurityLabels | undefined): readonly Question[] {
  const mode = section.mode ?? policy.spec.mode;
  const pair: Standard = { level: section.level, version: section.version };
  const terms = termsOf(section, section.rules);
  const own: Question = { policy: policy.metadata.name, standard: pair, terms, mode, limit };
  if (labels === undefined || labels.key === '' || section.namespaceLabels === 'Ignore') return [own];
  if (section.namespaceLabels === 'Respect') {
    const standards = standardsOf(labels, { Enforce: pair, Warn: pair, Audit: pair });
    return modes.map((of) => ({ ...own, standard: standards[of], limit: weakerMode(of, limit) }));
  }
  // As if the labels were one more policy: what is excluded from this one is not excluded from that.
  const standards = standardsOf(labels, noStandards);
  const beside = modes.map((of): Question => {
    return { ...own, standard: standards[of], terms: noTerms, mode: of, limit: weakerMode(mode, limit) };
  });
  return [own, ...beside.filter(({ standard }) => standard.level !== 'privileged')];
}

/** `production=restricted:latest`, or the name alone where it enforces no level but something else. */
function describe({ metadata }: PodPolicy, rules: readonly BoundRule[], enforced: readonly Standard[]) {
  if (!rules.some(({ mode }) => mode === 'Enforce')) return undefined;
  if (enforced.length === 0) return metadata.name;
  const texts = enforced.map(({ level, version }) => `${level}:${formatPolicyVersion(version)}`);
  return `${metadata.name}=${[...new Set(texts)].join('+')}`;
}

/** The strictest mode in which a policy may ask anything of a subject, whatever the labels of the namespace turn out to be. */
export function strictestMode(policy: PodPolicy, binding: Binding): Mode | undefined {
  const groups = groupsOf(policy).map(([group, section]) =>
    strictestOf({ policy, section, entries: entriesOf(group, section) }, binding),
  );
  const stated = [strictestOfLevels(policy, binding), ...groups];
  return stated.filter((mode) => mode !== undefined).sort(compareModes)[0];
}

/** The same of the Pod Security Standards alone, for which labels of the namespace may speak. */
export function strictestOfLevels(policy: PodPolicy, binding: Binding): Mode | undefined {
  const section = policy.spec.podSecurity;
  return section && strictestOf({ policy, section, entries: section.rules }, binding);
}

interface SaidOfRules {
  readonly policy: PodPolicy;
  readonly section: SectionTerms;
  readonly entries: ReturnType<typeof entriesOf>;
}

function strictestOf({ policy, section, entries }: SaidOfRules, binding: Binding): Mode | undefined {
  const limit = limitOf(section, binding);
  if (limit === undefined) return undefined;
  const mode = section.mode ?? policy.spec.mode;
  const stated = Object.values(entries).map((entry) => entry?.mode ?? 'Audit');
  const [strictest = mode] = [mode, ...stated].sort(compareModes);
  return weakerMode(strictest, limit);
}
