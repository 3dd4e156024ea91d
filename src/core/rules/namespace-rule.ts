import type { PolicyVersion } from '../pod/version.ts';
import type { Rule, Violation } from './rule.ts';

/** What a namespace's labels ask for: `pod-security.kubernetes.io/<mode>` and `…/<mode>-version`. */
export const labelModes = ['enforce', 'audit', 'warn'] as const;

/** The mode that a label of a namespace is about, as it is spelt there. */
export type LabelMode = (typeof labelModes)[number];

/** What is asked of pods in one mode. */
export interface LabelDemand {
  readonly level: 'privileged' | NonNullable<Rule['level']>;
  readonly version: PolicyVersion;
}

/** Labels of a namespace, and what they come to. */
export interface LabelReading {
  readonly labels: ReadonlyMap<string, string>;
  readonly demands: Readonly<Record<LabelMode, LabelDemand>>;
}

/** An update of a namespace. */
export interface LabelChange {
  readonly before: LabelReading;
  readonly after: LabelReading;
}

/** Labels before and after an update. */
export interface ChangeExample {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
}

/** A change that the rule finds something in. */
export interface ViolatingChangeExample extends ChangeExample {
  /** The paths of all violations, as printed, in order. */
  readonly violates: readonly string[];
}

/** What a rule says of itself, whatever it is asked of. */
type RuleWords<M extends string> = Omit<
  Rule<unknown, M>,
  'params' | 'values' | 'versions' | 'needs' | 'repair' | 'examples'
>;

/** One question asked of an update of a namespace. No policy switches it on by its id: a section of its own does. */
export interface NamespaceRule<M extends string = string> extends RuleWords<M> {
  /** The section of a policy that switches it on. */
  readonly settings: Readonly<Record<string, unknown>>;
  check(change: LabelChange): Iterable<Violation<M>>;
  readonly examples: {
    readonly allowed: readonly [ChangeExample, ...ChangeExample[]];
    readonly violating: readonly [ViolatingChangeExample, ...ViolatingChangeExample[]];
  };
}

/** Checks the types of a rule: a message key that is not in `messages` does not compile. */
export function defineNamespaceRule<const M extends string>(rule: NamespaceRule<M>): NamespaceRule<M> {
  return rule;
}
