import type { FieldPath } from '../pod/field-path.ts';
import { podRules } from '../rules/groups.ts';
import type { BoundRule, Subject } from './bound-rule.ts';
import type { LintWarning } from './lint.ts';
import { questionsOf } from './lint-policies.ts';
import { matchesOverlap } from './match-overlap.ts';
import { isAtLeastAsStrict, type Mode } from './mode.ts';
import type { PodPolicy } from './pod-policy.ts';
import { groupsOf } from './policy-binding.ts';
import type { RuleEntry } from './rule-entry.ts';
import { entriesOf } from './rule-group.ts';

/** A policy, and what is asked of it for every other. */
interface Overlooked {
  readonly policy: PodPolicy;
  readonly match: string;
  /** What entries say of single rules. */
  readonly entries: ReadonlyMap<string, OverlookedEntry>;
  readonly questions: Readonly<Record<Subject, readonly BoundRule[]>>;
}

interface OverlookedEntry {
  readonly path: FieldPath;
  readonly mode: Mode;
  /** Equal where the same is asked. */
  readonly settings: string;
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
    const weaker = others.flatMap((other) => [...weakerModes(one, other), ...narrowing(one, other)]);
    return covering === undefined ? weaker : [...weaker, redundant(one.policy, covering.policy)];
  });
}

function overlook(policy: PodPolicy): Overlooked {
  const { podSecurity } = policy.spec;
  const standards =
    podSecurity && entriesAt(policy, ['podSecurity', 'rules'], { ...podSecurity, said: podSecurity.rules });
  const groups = groupsOf(policy).flatMap(([group, section]) =>
    entriesAt(policy, [group], { ...section, said: entriesOf(group, section) }),
  );
  return {
    policy,
    match: JSON.stringify(policy.spec.match),
    entries: new Map([...(standards ?? []), ...groups]),
    questions: { pod: questionsOf(policy, 'pod'), template: questionsOf(policy, 'template') },
  };
}

interface SaidOfRules {
  readonly mode?: Mode | undefined;
  readonly said: Readonly<Record<string, RuleEntry | undefined>>;
}

function entriesAt({ spec }: PodPolicy, at: FieldPath, { mode, said }: SaidOfRules) {
  return Object.entries(said).flatMap(([id, entry]) => {
    if (entry === undefined) return [];
    const { mode: own, ...settings } = entry;
    const path: FieldPath = ['spec', ...at, id];
    return [[id, { path, mode: own ?? mode ?? spec.mode, settings: JSON.stringify(settings) }] as const];
  });
}

function weakerModes({ policy, entries }: Overlooked, other: Overlooked): readonly LintWarning[] {
  return [...entries].flatMap(([id, { path, mode, settings }]) => {
    const theirs = other.entries.get(id);
    if (theirs === undefined || theirs.settings !== settings || isAtLeastAsStrict(mode, theirs.mode)) return [];
    const message = `is ${mode}, and the policy ${other.policy.metadata.name} says ${theirs.mode} for objects that both match: the strictest wins`;
    return [{ of: policy, path, reason: 'Overlaps' as const, message }];
  });
}

/** Lists that intersect: whoever adds to his own waits in vain for what the other leaves out. */
function narrowing({ policy, entries }: Overlooked, other: Overlooked): readonly LintWarning[] {
  return [...entries].flatMap(([id, { path, settings }]) => {
    const theirs = other.entries.get(id);
    if (theirs === undefined || theirs.settings === settings || !narrowingRules.has(id)) return [];
    const message = `and the policy ${other.policy.metadata.name} says something else for objects that both match: only what both allow passes`;
    return [{ of: policy, path, reason: 'Overlaps' as const, message }];
  });
}

const narrowingRules: ReadonlySet<string> = new Set(podRules.filter(({ narrows }) => narrows).map(({ id }) => id));

/** Whether one asks everything that another asks, of the same objects, and excuses nothing of it. */
function covers(other: Overlooked, one: Overlooked): boolean {
  const [theirs, ours] = [other.policy.spec, one.policy.spec];
  if (other.match !== one.match || one.questions.pod.length === 0) return false;
  if (ours.message !== undefined || ours.podSecurity?.labelGuard !== undefined) return false;
  const labels = theirs.podSecurity?.namespaceLabels === ours.podSecurity?.namespaceLabels;
  if (theirs.onUpdate !== ours.onUpdate || !labels) return false;
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
