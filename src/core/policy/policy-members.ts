import type { Binding, BoundRule, Subject } from './bound-rule.ts';
import type { BoundPolicy } from './bound-rules.ts';
import { hasRequestConditions, matchNamespace } from './matching.ts';
import { type Mode, weakerMode } from './mode.ts';
import type { NamespaceView } from './namespace.ts';
import { type PodSecurityLabels, readPodSecurityLabels } from './namespace-labels.ts';
import type { PodPolicy } from './pod-policy.ts';
import { bindBesideLabels, bindPolicy, readsLabels, strictestMode, strictestOfLevels } from './policy-binding.ts';
import { bindUnread } from './unread-policy.ts';
import { bindUnreadable, type UnreadableNamespace, unreadable } from './unreadable-namespace.ts';

/** A policy of a set, or what is left of one that could not be read, with what does not hang on where it is asked. */
interface Member {
  readonly index: number;
  readonly policy: PodPolicy;
  readonly unread: boolean;
  readonly conditional: boolean;
  readonly readsLabels: boolean;
  /** What it asks where nothing but its own words counts. */
  readonly own: Readonly<Record<Subject, BoundPolicy>>;
}

export interface Members {
  readonly all: readonly Member[];
  readonly ceiling: Mode;
}

export interface MembersOptions {
  readonly policies: readonly PodPolicy[];
  readonly unread: readonly PodPolicy[];
  readonly ceiling: Mode;
}

export function createMembers({ policies, unread, ceiling }: MembersOptions): Members {
  const all = [...policies, ...unread].map((policy, index): Member => {
    const broken = index >= policies.length;
    const own = (subject: Subject) => (broken ? askUnread(policy, ceiling) : bindPolicy(policy, { subject, ceiling }));
    return {
      index,
      policy,
      unread: broken,
      conditional: hasRequestConditions(policy),
      readsLabels: readsLabels(policy),
      own: { pod: own('pod'), template: own('template') },
    };
  });
  return { all, ceiling };
}

/** Where, and for what, policies are asked. */
export interface Place {
  readonly namespace: NamespaceView;
  readonly subject: Subject;
}

/** A policy that may have a say at a place. */
export interface Sayer {
  readonly bound: BoundPolicy;
  /** It has one only where the request is as it wants it. */
  readonly conditional: boolean;
  /** It asks what it asks everywhere. */
  readonly shared: boolean;
}

/** Who may have a say at a place. Where the keys are equal they ask the same. */
export interface Sayers {
  readonly key: string;
  bind(): readonly Sayer[];
}

export function sayersIn({ all, ceiling }: Members, { namespace, subject }: Place): Sayers {
  const labels = namespace.labels && readPodSecurityLabels(namespace.labels);
  const situation: Situation = { ceiling, subject, labels, gap: unreadable(namespace) };
  const matching: { readonly member: Member; readonly unknown: boolean }[] = [];
  let key = `${subject} ${labels === undefined ? `unreadable ${situation.gap.reason}` : labels.key} `;
  for (const member of all) {
    const match = matchNamespace(member.policy, namespace);
    if (match === 'differs') continue;
    const unknown = match === 'unknown';
    matching.push({ member, unknown });
    key += unknown ? `${member.index}?` : `${member.index},`;
  }
  const bind = () =>
    matching.map(({ member, unknown }): Sayer => {
      const bound = bindMember(member, { ...situation, unknown });
      return { bound, conditional: member.conditional, shared: bound === member.own[subject] };
    });
  return { key, bind };
}

interface Situation extends Binding {
  /** Absent where they could not be read. */
  readonly labels: PodSecurityLabels | undefined;
  /** What is said where that would have to be known. */
  readonly gap: UnreadableNamespace;
  /** Whether the policy has a say could not be found out. */
  readonly unknown?: boolean;
}

function bindMember({ policy, unread, readsLabels, own }: Member, situation: Situation): BoundPolicy {
  const { labels, subject, gap, unknown, ceiling } = situation;
  // In which words it is said that nobody can answer matters less than that it is.
  if (unread) return own[subject];
  if (unknown) return onlyUnreadable(policy, strictestMode(policy, situation), gap);
  if (readsLabels && labels === undefined) return besideUnreadable(policy, situation);
  const asBound = !readsLabels || labels === undefined || labels.key === '';
  return asBound ? own[subject] : bindPolicy(policy, { subject, ceiling }, labels);
}

/** What can be judged without the labels is; where they may replace the level, that is all but the level. */
function besideUnreadable(policy: PodPolicy, situation: Situation): BoundPolicy {
  const section = policy.spec.podSecurity;
  const respected = section?.namespaceLabels === 'Respect';
  const own = respected ? bindBesideLabels(policy, situation) : bindPolicy(policy, situation);
  const limit = strictestOfLevels(policy, situation);
  if (limit === undefined) return own;
  const mode = respected ? limit : weakerMode(section?.mode ?? policy.spec.mode, limit);
  const asked = bindUnreadable(policy.metadata.name, mode, situation.gap);
  const enforced = own.enforced ?? (asked.mode === 'Enforce' ? policy.metadata.name : undefined);
  return { ...own, rules: [...own.rules, asked], ...(enforced !== undefined && { enforced }) };
}

function onlyUnreadable(policy: PodPolicy, mode: Mode | undefined, gap: UnreadableNamespace): BoundPolicy {
  return mode === undefined ? { policy, rules: [] } : asking(policy, bindUnreadable(policy.metadata.name, mode, gap));
}

function askUnread(policy: PodPolicy, ceiling: Mode): BoundPolicy {
  return asking(policy, bindUnread(policy, ceiling));
}

function asking(policy: PodPolicy, rule: BoundRule): BoundPolicy {
  return { policy, rules: [rule], ...(rule.mode === 'Enforce' && { enforced: policy.metadata.name }) };
}
