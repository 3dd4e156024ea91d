import { formatPolicyVersion } from '../pod/version.ts';
import { type Binding, bindLevel, limitOf, noTerms, type Question, termsOf, withoutRepetition } from './bound-rule.ts';
import type { BoundPolicy } from './bound-rules.ts';
import { compareModes, type Mode, modes, weakerMode } from './mode.ts';
import { noStandards, type PodSecurityLabels, type Standard, standardsOf } from './namespace-labels.ts';
import type { PodPolicy, PodSecuritySection } from './pod-policy.ts';

/** Whether what a policy asks hangs on the labels `pod-security.kubernetes.io/*`. */
export function readsLabels({ spec: { podSecurity } }: PodPolicy): boolean {
  return podSecurity !== undefined && podSecurity.namespaceLabels !== 'Ignore';
}

/** What a policy asks where the namespace has these labels; without any it asks what it says itself. */
export function bindPolicy(policy: PodPolicy, binding: Binding, labels?: PodSecurityLabels): BoundPolicy {
  const section = policy.spec.podSecurity;
  const limit = section && limitOf(section, binding);
  if (section === undefined || limit === undefined) return { policy, rules: [] };
  const questions = questionsOf({ policy, section, limit }, labels);
  const asked = questions.map((question) => ({ standard: question.standard, rules: bindLevel(question) }));
  const all = asked.flatMap(({ rules }) => rules);
  return {
    policy,
    rules: asked.length === 1 ? all : withoutRepetition(all),
    enforced: describe(
      policy,
      asked.filter(({ rules }) => rules.some(({ mode }) => mode === 'Enforce')).map(({ standard }) => standard),
    ),
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
  const terms = termsOf(section);
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

function describe({ metadata }: PodPolicy, standards: readonly Standard[]): string | undefined {
  if (standards.length === 0) return undefined;
  const texts = standards.map(({ level, version }) => `${level}:${formatPolicyVersion(version)}`);
  return `${metadata.name}=${[...new Set(texts)].join('+')}`;
}

/** The strictest mode in which a policy may ask anything of a subject, whatever the labels of the namespace turn out to be. */
export function strictestMode({ spec }: PodPolicy, binding: Binding): Mode | undefined {
  const section = spec.podSecurity;
  const limit = section && limitOf(section, binding);
  if (section === undefined || limit === undefined) return undefined;
  const stated = [section.mode ?? spec.mode, ...Object.values(section.rules).map((entry) => entry?.mode ?? 'Audit')];
  const [strictest = spec.mode] = stated.sort(compareModes);
  return weakerMode(strictest, limit);
}
