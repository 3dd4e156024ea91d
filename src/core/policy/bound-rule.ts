import { effectiveMinor } from '../pod/version.ts';
import { podSecurityRules } from '../rules/index.ts';
import { type Rule, type RuleVersion, ruleVersionAt, type Violation } from '../rules/rule.ts';
import type { Exclusion } from './exclusion.ts';
import { isAtLeastAsStrict, type Mode, weakerMode } from './mode.ts';
import type { Standard } from './namespace-labels.ts';
import type { RuleEntry } from './rule-entry.ts';
import type { SectionTerms } from './rule-group.ts';

/** One rule made ready for one kind of request by one policy: its revision, settings, mode and exclusions. */
export interface BoundRule {
  readonly policy: string;
  readonly rule: Rule;
  readonly version: RuleVersion;
  readonly params: unknown;
  readonly mode: Mode;
  readonly exclusions: readonly Exclusion[];
  /**
   * A stronger rule of the same policy that speaks for this one, unless one of its violations on the pod is excused:
   * an exception from the stronger rule must not silently be one from the weaker too. Bound whether or not anything can
   * excuse it: what is bound is the same wherever the same is asked, and exceptions come and go.
   */
  readonly silencedBy?: BoundRule;
}

/** What a policy is bound for: a pod itself, or the template of one. */
export type Subject = 'pod' | 'template';

export interface Binding {
  readonly subject: Subject;
  /** The installation's `maxMode`: no policy is stricter. */
  readonly ceiling: Mode;
}

/** One object for all rules without settings, so that two policies' questions are recognised as the same. */
const noSettings = Object.freeze({});

/** What a policy says of one rule. */
interface RuleTerms {
  readonly mode?: Mode | undefined;
  readonly params: unknown;
  readonly exclusions: readonly Exclusion[];
  /** Asked whatever the level. */
  readonly named: boolean;
}

/** By the rule's id: one object for each, so that a rule that is bound twice is recognised. */
export type TermsOfRules = ReadonlyMap<string, RuleTerms>;

/** What a section says of each of its rules. */
export function termsOf(section: SectionTerms, entries: Readonly<Record<string, RuleEntry | undefined>>): TermsOfRules {
  const known = termsOfSections.get(section);
  if (known !== undefined) return known;
  const terms = readTerms(section, entries);
  termsOfSections.set(section, terms);
  return terms;
}

/** A section never changes, and is bound again for every set of labels that some namespace has. */
const termsOfSections = new WeakMap<SectionTerms, TermsOfRules>();

function readTerms(section: SectionTerms, entries: Readonly<Record<string, RuleEntry | undefined>>): TermsOfRules {
  const named = new Set([...Object.keys(entries), ...section.except.flatMap(({ rules }) => rules)]);
  return new Map(
    [...named].map((id) => {
      const entry = entries[id];
      const { mode, ...params } = entry ?? {};
      const exclusions = section.except.filter((exclusion) => exclusion.rules.includes(id));
      const settings = Object.keys(params).length === 0 ? noSettings : params;
      return [id, { mode, params: settings, exclusions, named: entry !== undefined }];
    }),
  );
}

/** Of a level that nobody attached anything to. */
export const noTerms: TermsOfRules = new Map();

const noTerm: RuleTerms = { params: noSettings, exclusions: [], named: false };

/** Rules that a policy asks, and how strictly. */
interface Asked {
  readonly policy: string;
  readonly terms: TermsOfRules;
  /** Of rules that have none of their own. */
  readonly mode: Mode;
  /** No rule is stricter. */
  readonly limit: Mode;
}

/** The rules that a section names, of those that it could. */
export function bindNamed(rules: readonly Rule[], { policy, terms, mode, limit }: Asked): readonly BoundRule[] {
  return rules.flatMap((rule): readonly BoundRule[] => {
    const term = terms.get(rule.id);
    if (!term?.named) return [];
    const { params, exclusions } = term;
    const [version] = rule.versions;
    return [{ policy, rule, version, params, mode: weakerMode(term.mode ?? mode, limit), exclusions }];
  });
}

/** A level that is asked. */
export interface Question extends Asked {
  readonly standard: Standard;
}

/** The rules of a level, stronger ones before those they silence. */
export function bindLevel({ policy, standard, terms, mode, limit }: Question): readonly BoundRule[] {
  const minor = effectiveMinor(standard.version);
  const asked: BoundRule[] = [];
  for (const rule of podSecurityRules) {
    const term = terms.get(rule.id) ?? noTerm;
    const version = ruleVersionAt(rule, minor);
    if (version === undefined || !(term.named || isOfLevel(rule, standard))) continue;
    asked.push({
      policy,
      rule,
      version,
      params: term.params,
      mode: weakerMode(term.mode ?? mode, limit),
      exclusions: term.exclusions,
    });
  }
  return silenceOverridden(asked);
}

function isOfLevel(rule: Rule, { level }: Standard): boolean {
  return level === 'restricted' || (level === 'baseline' && rule.level === 'baseline');
}

/** How strict a section may be for a subject; undefined where it asks nothing of it. */
export function limitOf(section: SectionTerms, { subject, ceiling }: Binding): Mode | undefined {
  if (subject === 'pod') return ceiling;
  return section.workloads === 'Ignore' ? undefined : weakerMode(section.workloads, ceiling);
}

/**
 * Without those that another one speaks for: it asks the same in a mode at least as strict and excludes no more. A
 * policy that is asked once for itself and once for the labels of the namespace finds nothing twice.
 */
export function withoutRepetition(bound: readonly BoundRule[]): readonly BoundRule[] {
  const spokenFor = speakersFor(bound);
  const left = bound.flatMap((rule) => {
    if (spokenFor.has(rule)) return [];
    // Where the one that silenced it is not asked, whoever speaks for that one silences it.
    let { silencedBy } = rule;
    for (let next = silencedBy; next !== undefined; next = spokenFor.get(next)) silencedBy = next;
    return silencedBy === rule.silencedBy ? [rule] : [{ ...rule, ...(silencedBy && { silencedBy }) }];
  });
  // Those whom one and the same silences now may ask the same of what it leaves to them.
  const silenced = speakersFor(left);
  return silenced.size === 0 ? left : left.filter((rule) => !silenced.has(rule));
}

/** Of each that another one speaks for, which: of two that are equal the first. */
function speakersFor(bound: readonly BoundRule[]): ReadonlyMap<BoundRule, BoundRule> {
  const byVersion = Map.groupBy(bound, ({ version }) => version);
  const speakers = new Map<BoundRule, BoundRule>();
  for (const rule of bound) {
    const others = byVersion.get(rule.version) ?? [];
    const own = others.indexOf(rule);
    const other = others.find((one, i) => i !== own && covers(one, rule) && (i < own || !covers(rule, one)));
    if (other !== undefined) speakers.set(rule, other);
  }
  return speakers;
}

function covers(other: BoundRule, rule: BoundRule): boolean {
  return (
    (other.silencedBy === undefined || other.silencedBy === rule.silencedBy) &&
    other.params === rule.params &&
    isAtLeastAsStrict(other.mode, rule.mode) &&
    (other.exclusions.length === 0 || other.exclusions === rule.exclusions)
  );
}

/**
 * Upstream never asks a check that a stronger one overrides. Here modes may differ per rule, so the weaker one is
 * silent only where the stronger is at least as strict: `capabilities_restricted: {mode: Warn}` must not let
 * SYS_ADMIN pass that `capabilities_baseline` would deny.
 */
function silenceOverridden(asked: readonly BoundRule[]): readonly BoundRule[] {
  const stronger = asked.filter((bound) => bound.version.overrides !== undefined);
  const bound: BoundRule[] = [...stronger];
  for (const weaker of asked) {
    if (weaker.version.overrides !== undefined) continue;
    const silencedBy = stronger.find(
      ({ version, mode }) => version.overrides?.includes(weaker.rule.id) && isAtLeastAsStrict(mode, weaker.mode),
    );
    bound.push(silencedBy === undefined ? weaker : { ...weaker, silencedBy });
  }
  return bound;
}

/** Whether one of the rule's exclusions covers a violation: its value and its container, where they are named. */
export function isExcluded(bound: BoundRule, violation: Violation, container: string | undefined): boolean {
  return bound.exclusions.some(
    ({ values, containers }) =>
      (values === undefined || values.some((value) => value === violation.found)) &&
      (containers === undefined || (container !== undefined && containers.includes(container))),
  );
}
