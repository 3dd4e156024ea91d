import { effectiveMinor } from '../pod/version.ts';
import { podSecurityRules } from '../rules/index.ts';
import { type Rule, type RuleVersion, ruleVersionAt, type Violation } from '../rules/rule.ts';
import type { BoundException } from './exceptions.ts';
import { isAtLeastAsStrict, type Mode, weakerMode } from './mode.ts';
import type { Exclusion, PodPolicy, PodSecuritySection } from './pod-policy.ts';

/** One rule made ready for one kind of request by one policy: its revision, settings, mode and exclusions. */
export interface BoundRule {
  readonly policy: string;
  readonly rule: Rule;
  readonly version: RuleVersion;
  readonly params: unknown;
  readonly mode: Mode;
  readonly exclusions: readonly Exclusion[];
  /** Those in force where the request is; absent where there are none. */
  readonly exceptions?: readonly BoundException[];
  /**
   * A stronger rule of the same policy that speaks for this one, unless one of its violations on the pod is excused:
   * an exception from the stronger rule must not silently be one from the weaker too.
   */
  readonly silencedBy?: BoundRule;
}

/** What a policy is bound for: a pod itself, or the template of one. */
export type Subject = 'pod' | 'template';

export interface Binding {
  readonly subject: Subject;
  /** The installation's `maxMode`: no policy is stricter. */
  readonly ceiling: Mode;
  /** From the policy, by the id of a rule, in force where and when it is bound for. */
  readonly exceptions?: ReadonlyMap<string, readonly BoundException[]> | undefined;
}

/** One object for all rules without settings, so that two policies' questions are recognised as the same. */
const noSettings = Object.freeze({});

/** The rules of a policy, stronger ones before those they silence. */
export function bindPolicy(policy: PodPolicy, binding: Binding): readonly BoundRule[] {
  const section = policy.spec.podSecurity;
  if (section === undefined) return [];
  const limit = limitOf(section, binding);
  if (limit === undefined) return [];
  const asked: BoundRule[] = [];
  for (const rule of podSecurityRules) {
    const version = ruleVersionAt(rule, effectiveMinor(section.version));
    if (version === undefined || !switchedOn(rule, section)) continue;
    const { mode, ...params } = section.rules[rule.id] ?? {};
    const exceptions = binding.exceptions?.get(rule.id);
    asked.push({
      policy: policy.metadata.name,
      rule,
      version,
      params: Object.keys(params).length === 0 ? noSettings : params,
      mode: weakerMode(mode ?? section.mode ?? policy.spec.mode, limit),
      exclusions: section.except.filter((exclusion) => exclusion.rules.includes(rule.id)),
      ...(exceptions && { exceptions }),
    });
  }
  return silenceOverridden(asked);
}

function limitOf(section: PodSecuritySection, { subject, ceiling }: Binding): Mode | undefined {
  if (subject === 'pod') return ceiling;
  return section.workloads === 'Ignore' ? undefined : weakerMode(section.workloads, ceiling);
}

/** A level switches its rules on; an entry switches on its own, whatever the level. */
function switchedOn(rule: Rule, section: PodSecuritySection): boolean {
  if (section.rules[rule.id] !== undefined) return true;
  return section.level === 'restricted' || (section.level === 'baseline' && rule.level === 'baseline');
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
    if (silencedBy === undefined) bound.push(weaker);
    else if (silencedBy.exclusions.length > 0 || silencedBy.exceptions !== undefined)
      bound.push({ ...weaker, silencedBy });
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
