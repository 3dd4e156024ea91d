import type { ObjectReference, PodView } from '../pod/pod-view.ts';
import type { BoundRule } from '../policy/bound-rule.ts';
import { nothingAsked } from '../policy/bound-rules.ts';
import { noExceptions } from '../policy/exceptions.ts';
import { matchNamespace } from '../policy/matching.ts';
import { weakerMode } from '../policy/mode.ts';
import type { NamespaceView } from '../policy/namespace.ts';
import { noStandards, readPodSecurityLabels, type Standards, standardsOf } from '../policy/namespace-labels.ts';
import type { PodPolicy, PodSecuritySection } from '../policy/pod-policy.ts';
import type { Occasion, PolicySet } from '../policy/policy-set.ts';
import { noFacts } from '../rules/facts.ts';
import type { LabelChange, LabelReading } from '../rules/namespace-rule.ts';
import { namespaceLabelChange } from '../rules/namespaces/namespaceLabelChange.ts';
import { evaluate } from './assess.ts';
import { decide, type Finding } from './decision.ts';
import type { Judgement } from './judge.ts';

/** An update of a namespace, and who wants it. */
export interface NamespaceChange {
  /** Of the namespace, as the update states it. */
  readonly uid: string;
  readonly before: NamespaceView;
  readonly after: NamespaceView;
  readonly user: string;
  readonly groups: readonly string[];
}

/**
 * Whether somebody who may not lowers the labels that the policies guard. Asked are the policies that match the old or
 * the new labels: else a change could move the namespace out of the policy that forbids it. Of `match` only what speaks
 * of the namespace counts; whose pods a policy leaves alone may not for that change what holds for everybody's.
 */
export function judgeLabelChange(change: NamespaceChange, policies: PolicySet, now: number): Judgement {
  const { before, after } = change;
  const guarding = policies.policies.filter((policy) => {
    const guard = policy.spec.podSecurity?.labelGuard;
    return guard !== undefined && !isAllowed(guard, change) && hasSay(policy, change);
  });
  const findings = guarding.flatMap((policy) => findingsOf(policy, change, policies));
  // What a broken policy guards is unknown: so it is not known whether it allows what others would mind.
  const lowers = !isEmpty(namespaceLabelChange.check(changeUnder(noStandards, change)));
  const unread = lowers ? unreadPolicies(policies, [before, after], now) : [];
  const unanswered =
    unread.length === 0
      ? []
      : evaluate(noPod(after.name), { rules: unread, exceptions: noExceptions }, noFacts).findings;
  return {
    decision: decide([...findings, ...unanswered]),
    asked: nothingAsked,
    enforced: '',
    messages: new Map(
      guarding.flatMap(({ metadata, spec }) => (spec.message === undefined ? [] : [[metadata.name, spec.message]])),
    ),
  };
}

/** What a message calls a namespace. */
export function namespaceReference(name: string): ObjectReference {
  return { apiVersion: 'v1', kind: 'Namespace', namespace: '', name };
}

type LabelGuard = NonNullable<PodSecuritySection['labelGuard']>;

/** By exact names: who may lower a guard is nobody whose name merely looks right. */
function isAllowed({ allow }: LabelGuard, { user, groups }: NamespaceChange): boolean {
  return (user !== '' && allow.users.includes(user)) || groups.some((group) => allow.groups.includes(group));
}

function hasSay(policy: PodPolicy, { before, after }: NamespaceChange): boolean {
  return matchNamespace(policy, before) !== 'differs' || matchNamespace(policy, after) !== 'differs';
}

function findingsOf({ metadata, spec }: PodPolicy, change: NamespaceChange, policies: PolicySet): readonly Finding[] {
  const section = spec.podSecurity;
  if (section === undefined) return [];
  const mode = weakerMode(section.mode ?? spec.mode, policies.ceiling);
  const violations = [...namespaceLabelChange.check(changeUnder(defaultsOf(section), change))];
  return violations.map((violation) => {
    return { policy: metadata.name, mode, rule: namespaceLabelChange, violation, path: violation.path };
  });
}

/** What holds where labels are missing: of a policy that respects them its own level, so that adding one can lower it. */
function defaultsOf({ namespaceLabels, level, version }: PodSecuritySection): Standards {
  if (namespaceLabels !== 'Respect') return noStandards;
  const own = { level, version };
  return { Enforce: own, Warn: own, Audit: own };
}

function changeUnder(defaults: Standards, { before, after }: NamespaceChange): LabelChange {
  return { before: readingOf(before, defaults), after: readingOf(after, defaults) };
}

function readingOf({ labels = new Map() }: NamespaceView, defaults: Standards): LabelReading {
  const { Enforce: enforce, Audit: audit, Warn: warn } = standardsOf(readPodSecurityLabels(labels), defaults);
  return { labels, demands: { enforce, audit, warn } };
}

function isEmpty(values: Iterable<unknown>): boolean {
  for (const _ of values) return false;
  return true;
}

function unreadPolicies(policies: PolicySet, views: readonly NamespaceView[], now: number): readonly BoundRule[] {
  const found = new Map<string, BoundRule>();
  for (const view of views) {
    for (const bound of policies.rulesFor(occasionIn(view, now)).rules) {
      if (bound.rule.id === 'unreadPolicy') found.set(bound.policy, bound);
    }
  }
  return [...found.values()];
}

/** Somebody's pod in a namespace, without anything that could take it out of a policy. */
export function occasionIn(namespace: NamespaceView, now: number): Occasion {
  return { subject: 'pod', namespace, labels: () => new Map(), runtimeClass: () => undefined, user: undefined, now };
}

/** For a question that looks at no pod. */
function noPod(namespace: string): PodView {
  const object = namespaceReference(namespace);
  return { object, path: [], metadata: {}, spec: { containers: [] }, containers: [] };
}
