import { formatPolicyVersion } from '../pod/version.ts';
import { type Binding, type BoundRule, bindPolicy, type Subject } from './bound-rule.ts';
import { type BoundExceptions, createExceptionBook, type ExceptionsInForce } from './exceptions.ts';
import { matchesNamespace } from './matching.ts';
import type { Mode } from './mode.ts';
import type { NamespaceView } from './namespace.ts';
import type { PodPolicy, PolicyMessage } from './pod-policy.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';
import { bindUnread } from './unread-policy.ts';

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

/** What decides which policies have a say. */
export interface Occasion {
  readonly subject: Subject;
  readonly namespace: NamespaceView;
  /** Of the applied object. */
  labels(): ReadonlyMap<string, string>;
  /** Of its pod. */
  runtimeClass(): string | undefined;
  /** Whoever sends the request; undefined where nobody does. */
  readonly user: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** All policies of an installation under its ceiling. All that match apply; the strictest wins. */
export interface PolicySet {
  readonly policies: readonly PodPolicy[];
  readonly exceptions: readonly PodPolicyException[];
  readonly ceiling: Mode;
  rulesFor(occasion: Occasion): BoundRules;
}

export interface PolicySetOptions {
  readonly policies: readonly PodPolicy[];
  /** `maxMode` of the settings. */
  readonly ceiling: Mode;
  /** What is left of policies that could not be read: whatever they match gets a finding that says so. */
  readonly unread?: readonly PodPolicy[];
  readonly exceptions?: readonly PodPolicyException[];
  /** Milliseconds; an exception that ends later than that from now has no effect yet. */
  readonly maxExceptionDuration?: number;
}

/** Beyond this many namespaces the memory of bound rules starts anew: names of namespaces are attacker-chosen. */
const namespacesRemembered = 10_000;

/** What was bound for a namespace, and between which moments it holds. */
interface Remembered extends Pick<ExceptionsInForce, 'from' | 'until'> {
  readonly rules: BoundRules;
}

export function createPolicySet(options: PolicySetOptions): PolicySet {
  const { policies, ceiling, unread = [], exceptions = [], maxExceptionDuration: maxDuration } = options;
  const names = new Set([...policies, ...unread].map(({ metadata }) => metadata.name));
  const inForce = createExceptionBook(exceptions, { policies: names, maxDuration });
  const broken = unread.map((policy): BoundPolicy => ({ policy, rules: [bindUnread(policy, ceiling)], unread: true }));
  const bySubject = {
    pod: [...bindAll(policies, 'pod', ceiling), ...broken],
    template: [...bindAll(policies, 'template', ceiling), ...broken],
  };
  const memory = { pod: new Map<string, Remembered>(), template: new Map<string, Remembered>() };
  return {
    policies,
    exceptions,
    ceiling,
    rulesFor({ namespace: { name: namespace }, subject, now }) {
      const known = memory[subject].get(namespace);
      // Also bound anew where the clock was set back: an exception that has not ended after all is in force.
      if (known !== undefined && known.from <= now && now < known.until) return known.rules;
      if (memory[subject].size >= namespacesRemembered) memory[subject].clear();
      const { from, until, bound } = inForce(namespace, now);
      const matching = bySubject[subject].filter(({ policy }) => matchesNamespace(policy, namespace));
      const rules = unite(matching.map((policy) => withExceptions(policy, { subject, ceiling }, bound)));
      memory[subject].set(namespace, { from, until, rules });
      return rules;
    },
  };
}

interface BoundPolicy {
  readonly policy: PodPolicy;
  readonly rules: readonly BoundRule[];
  /** Its only question has no answer, and what nobody can answer is never excused. */
  readonly unread?: true;
}

function bindAll(policies: readonly PodPolicy[], subject: Subject, ceiling: Mode): readonly BoundPolicy[] {
  return policies.map((policy) => ({ policy, rules: bindPolicy(policy, { subject, ceiling }) }));
}

/** A policy that nothing is excused from stays as it was bound once and for all. */
function withExceptions(bound: BoundPolicy, binding: Binding, inForce: BoundExceptions): BoundPolicy {
  const exceptions = inForce.get(bound.policy.metadata.name);
  if (exceptions === undefined || bound.unread) return bound;
  return { policy: bound.policy, rules: bindPolicy(bound.policy, { ...binding, exceptions }) };
}

function unite(bound: readonly BoundPolicy[]): BoundRules {
  const groups = new Map<BoundRule['version'], BoundRule[]>();
  const strongerFirst = bound.flatMap(({ rules }) => rules);
  strongerFirst.sort((a, b) => Number(a.version.overrides === undefined) - Number(b.version.overrides === undefined));
  for (const rule of strongerFirst) {
    const group = groups.get(rule.version);
    if (group === undefined) groups.set(rule.version, [rule]);
    else group.push(rule);
  }
  const enforcing = bound.filter(({ rules }) => rules.some(({ mode }) => mode === 'Enforce'));
  return {
    rules: [...groups.values()].flat(),
    enforced: enforcing.map(({ policy }) => describe(policy)).join(','),
    messages: new Map(
      bound.flatMap(({ policy: { metadata, spec } }) => (spec.message ? [[metadata.name, spec.message]] : [])),
    ),
    newOnly: new Set(
      bound.filter(({ policy }) => policy.spec.onUpdate === 'NewOnly').map(({ policy }) => policy.metadata.name),
    ),
  };
}

function describe({ metadata, spec }: PodPolicy): string {
  if (spec.podSecurity === undefined) return metadata.name;
  return `${metadata.name}=${spec.podSecurity.level}:${formatPolicyVersion(spec.podSecurity.version)}`;
}
