import type { Rule, Violation } from '../rules/rule.ts';
import type { BoundRule } from './bound-rule.ts';
import { type BoundExceptions, noExceptions } from './exceptions.ts';
import type { PodPolicy, PolicyMessage } from './pod-policy.ts';

/** Rules that are asked, and what may excuse a pod that breaks them. */
export interface AskedRules {
  /** Equal questions stand side by side, stronger rules before those they silence. */
  readonly rules: readonly BoundRule[];
  /** In force where the request is, when it is: only these differ between namespaces in which the same is asked. */
  readonly exceptions: BoundExceptions;
  /** Which violations count; absent: all. An update is not held against what it leaves as it was. */
  readonly scope?: ((rule: Rule, violation: Violation) => boolean) | undefined;
}

/** Of what no policy has a say in. */
export const nothingAsked: AskedRules = { rules: [], exceptions: noExceptions };

/** What all policies together ask of a pod in one namespace. */
export interface BoundRules extends AskedRules {
  /** For the audit log: `production=restricted:latest`, one for each policy that enforces. */
  readonly enforced: string;
  /** By name, the policies that add something to their denials. */
  readonly messages: ReadonlyMap<string, PolicyMessage>;
  /** The policies whose `onUpdate` is NewOnly, by name. */
  readonly newOnly: ReadonlySet<string>;
}

/** Not where another rule speaks for it that nothing can excuse. */
export function maySpeak({ silencedBy }: BoundRule, exceptions: BoundExceptions): boolean {
  if (silencedBy === undefined || silencedBy.exclusions.length > 0) return true;
  return exceptions.get(silencedBy.policy)?.has(silencedBy.rule.id) === true;
}

/** What one policy asks in a namespace. */
export interface BoundPolicy {
  readonly policy: PodPolicy;
  readonly rules: readonly BoundRule[];
  /** What it enforces, for the audit log; absent where it enforces nothing. */
  readonly enforced?: string | undefined;
}

/** All that policies ask, as long as no exception is in force. */
export function unite(bound: readonly BoundPolicy[]): BoundRules {
  const groups = new Map<BoundRule['version'], BoundRule[]>();
  const strongerFirst = bound.flatMap(({ rules }) => rules).sort((a, b) => placeOf(a) - placeOf(b));
  for (const rule of strongerFirst) {
    const group = groups.get(rule.version);
    if (group === undefined) groups.set(rule.version, [rule]);
    else group.push(rule);
  }
  return {
    rules: [...groups.values()].flat(),
    exceptions: noExceptions,
    enforced: bound.flatMap(({ enforced }) => enforced ?? []).join(','),
    messages: new Map(
      bound.flatMap(({ policy: { metadata, spec } }) => (spec.message ? [[metadata.name, spec.message]] : [])),
    ),
    newOnly: new Set(
      bound.filter(({ policy }) => policy.spec.onUpdate === 'NewOnly').map(({ policy }) => policy.metadata.name),
    ),
  };
}

/** Those that are silenced stand together, so that they are passed over together. */
function placeOf({ version, silencedBy }: BoundRule): number {
  if (version.overrides !== undefined) return 0;
  return silencedBy === undefined ? 1 : 2;
}
