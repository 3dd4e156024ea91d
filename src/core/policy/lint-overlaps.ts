import type { FieldPath } from '../pod/field-path.ts';
import type { BoundRule, Subject } from './bound-rule.ts';
import type { LintWarning } from './lint.ts';
import { questionsOf } from './lint-policies.ts';
import { matchesOverlap } from './match-overlap.ts';
import { isAtLeastAsStrict, type Mode } from './mode.ts';
import type { PodPolicy } from './pod-policy.ts';

/** A policy, and what is asked of it for every other. */
interface Overlooked {
  readonly policy: PodPolicy;
  readonly match: string;
  /** What entries say of single rules. */
  readonly modes: ReadonlyMap<string, Mode>;
  readonly questions: Readonly<Record<Subject, readonly BoundRule[]>>;
}

/** Where two policies speak of the same objects: the strictest wins, and what the other says is said in vain. */
export function lintOverlaps(policies: readonly PodPolicy[]): readonly LintWarning[] {
  const all = policies.map(overlook);
  return all.flatMap((one, index) => {
    const others = all.filter(
      (other) => other !== one && matchesOverlap(one.policy.spec.match, other.policy.spec.match),
    );
    // Of two that ask the same only the later is told: whoever removes both asks nothing any more.
    const covering = others.find((other) => covers(other, one) && !(covers(one, other) && all.indexOf(other) > index));
    const weaker = others.flatMap((other) => weakerModes(one, other));
    return covering === undefined ? weaker : [...weaker, redundant(one.policy, covering.policy)];
  });
}

function overlook(policy: PodPolicy): Overlooked {
  const { spec } = policy;
  const section = spec.podSecurity;
  const entries = Object.entries(section?.rules ?? {});
  const modes = entries.flatMap(([id, entry]) =>
    entry === undefined ? [] : [[id, entry.mode ?? section?.mode ?? spec.mode] as const],
  );
  return {
    policy,
    match: JSON.stringify(spec.match),
    modes: new Map(modes),
    questions: { pod: questionsOf(policy, 'pod'), template: questionsOf(policy, 'template') },
  };
}

function weakerModes({ policy, modes }: Overlooked, other: Overlooked): readonly LintWarning[] {
  return [...modes].flatMap(([id, mode]) => {
    const stricter = other.modes.get(id);
    if (stricter === undefined || isAtLeastAsStrict(mode, stricter)) return [];
    const path: FieldPath = ['spec', 'podSecurity', 'rules', id];
    const message = `is ${mode}, and the policy ${other.policy.metadata.name} says ${stricter} for objects that both match: the strictest wins`;
    return [{ of: policy, path, reason: 'Overlaps' as const, message }];
  });
}

/** Whether one asks everything that another asks, of the same objects, and excuses nothing of it. */
function covers(other: Overlooked, one: Overlooked): boolean {
  const [theirs, ours] = [other.policy.spec, one.policy.spec];
  if (other.match !== one.match || theirs.podSecurity === undefined || ours.podSecurity === undefined) return false;
  if (ours.message !== undefined || ours.podSecurity.labelGuard !== undefined) return false;
  if (theirs.onUpdate !== ours.onUpdate || theirs.podSecurity.namespaceLabels !== ours.podSecurity.namespaceLabels) {
    return false;
  }
  return (['pod', 'template'] as const).every((subject) =>
    one.questions[subject].every((question) => other.questions[subject].some((each) => answers(each, question))),
  );
}

/** The same question, or a stronger one that upstream too asks in its place. */
function answers(other: BoundRule, question: BoundRule): boolean {
  const same = other.version === question.version && JSON.stringify(other.params) === JSON.stringify(question.params);
  const stronger = other.version.overrides?.includes(question.rule.id) === true;
  const excusesNothing = other.exclusions.length === 0 && other.silencedBy === undefined;
  return (same || stronger) && excusesNothing && isAtLeastAsStrict(other.mode, question.mode);
}

function redundant(policy: PodPolicy, other: PodPolicy): LintWarning {
  const message = `asks nothing that the policy ${other.metadata.name} does not ask of the same objects at least as strictly`;
  return { of: policy, path: ['spec'], reason: 'Overlaps', message };
}
