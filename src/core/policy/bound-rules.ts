import type { BoundRule } from './bound-rule.ts';
import type { PodPolicy, PolicyMessage } from './pod-policy.ts';

/** What all policies together ask of a pod in one namespace. */
export interface BoundRules {
  /** Equal questions stand side by side, stronger rules before those they silence. */
  readonly rules: readonly BoundRule[];
  /** For the audit log: `production=restricted:latest`, one for each policy that enforces. */
  readonly enforced: string;
  /** By name, the policies that add something to their denials. */
  readonly messages: ReadonlyMap<string, PolicyMessage>;
  /** The policies whose `onUpdate` is NewOnly, by name. */
  readonly newOnly: ReadonlySet<string>;
}

/** What one policy asks in a namespace. */
export interface BoundPolicy {
  readonly policy: PodPolicy;
  readonly rules: readonly BoundRule[];
  /** What it enforces, for the audit log; absent where it enforces nothing. */
  readonly enforced?: string | undefined;
}

export function unite(bound: readonly BoundPolicy[]): BoundRules {
  const groups = new Map<BoundRule['version'], BoundRule[]>();
  const strongerFirst = bound.flatMap(({ rules }) => rules);
  strongerFirst.sort((a, b) => Number(a.version.overrides === undefined) - Number(b.version.overrides === undefined));
  for (const rule of strongerFirst) {
    const group = groups.get(rule.version);
    if (group === undefined) groups.set(rule.version, [rule]);
    else group.push(rule);
  }
  return {
    rules: [...groups.values()].flat(),
    enforced: bound.flatMap(({ enforced }) => enforced ?? []).join(','),
    messages: new Map(
      bound.flatMap(({ policy: { metadata, spec } }) => (spec.message ? [[metadata.name, spec.message]] : [])),
    ),
    newOnly: new Set(
      bound.filter(({ policy }) => policy.spec.onUpdate === 'NewOnly').map(({ policy }) => policy.metadata.name),
    ),
  };
}
