import type { z } from 'zod';
import type { Localized } from '../locale.ts';
import type { FieldPath } from '../pod/field-path.ts';
import type { PatchOperation } from '../pod/patch.ts';
import type { PodParts, PodView } from '../pod/pod-view.ts';
import type { FactRequest, Facts } from './facts.ts';

/** How bad it is when a pod breaks the rule: what it gives an attacker who is inside the container. */
export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** A field that breaks a rule. Data only: the words are looked up in the rule when it is printed. */
export interface Violation<M extends string = string> {
  /** Relative to the pod. A forbidden list item ends in its index; a missing item has the list as its path. */
  readonly path: FieldPath;
  /** A key of the rule's `messages`. */
  readonly message: M;
  /** What stands there; undefined where nothing does. */
  readonly found?: unknown;
  /** Values for the message's placeholders; escaped and cut where they are printed. */
  readonly expected?: Readonly<Record<string, readonly string[]>>;
  /** The path begins at the applied object, whatever stands around its pod. */
  readonly at?: 'object';
}

/** Takes a violation. May throw, which ends the check. */
export type Report<M extends string> = (violation: Violation<M>) => undefined;

/** What a check is given beside the pod and its settings. */
export interface CheckContext<M extends string = string> {
  readonly report: Report<M>;
  /** Those that the rule `needs`. */
  readonly facts: Facts;
}

/** One revision of a rule. It applies from its version on, until a later entry's. */
export interface RuleVersion<P = unknown, M extends string = string> {
  /** The first policy version this revision applies to, without the v: `1.25`. */
  readonly since: `1.${number}`;
  /** Weaker rules that stay silent when this one is asked (upstream's OverrideCheckIDs). */
  readonly overrides?: readonly string[];
  /**
   * Reports every violation, in the order of the fields. Must not throw on scalars of a wrong type: they violate.
   * No generator: making one for each rule took a third of a verdict. `undefined`, not `void`, because a `void` method
   * may be a generator, which nobody would run: the rule would allow everything.
   */
  check(pod: PodView, context: CheckContext<M>, params: P): undefined;
}

/**
 * A merge patch (RFC 7396) on the minimal restricted pod of `minimal-pod.ts`: on the pod, or on its only container,
 * or both. `version` is the policy version it is judged at, by default the newest.
 */
export interface RuleExample {
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly version?: `v1.${number}`;
  /** What a policy's entry says of the rule, where it is not what stands above all examples. */
  readonly settings?: RuleSettings;
}

/** Params as somebody writes them. */
export type RuleSettings = Readonly<Record<string, unknown>>;

/**
 * Which change of a stored pod concerns a rule: an image that the same container did not have, a container or pod whose
 * `resources` changed, labels or annotations that changed, a container that is new. Everything else of a pod is immutable.
 */
export type Concern = 'images' | 'resources' | 'metadata' | 'containers';

/** A pod that the rule finds something in. */
export interface ViolatingExample extends RuleExample {
  /** The paths of all violations, as printed, in order. */
  readonly violates: readonly string[];
}

/** Where the rule comes from. Each reference carries the edition of its source. */
export interface RuleReferences {
  /** Controls of the Pod Security Standards, by their names in Kubernetes' documentation. */
  readonly pss?: readonly string[];
  /**
   * Sections of the CIS Kubernetes Benchmark, after the edition: `v1.12: 5.2.2`. Numbers move between editions; these
   * were compared with kube-bench's transcription (`cfg/cis-1.12/policies.yaml`).
   */
  readonly cis?: readonly string[];
}

/** One question asked of a pod: its specification, texts, check, repair and examples, all in one file. */
export interface Rule<P = unknown, M extends string = string> {
  /** The name of the file, and what policies and messages call it. */
  readonly id: string;
  /** The level of the Pod Security Standards that switches it on; absent outside them. */
  readonly level?: 'baseline' | 'restricted';
  readonly severity: Severity;
  /** Absent with the Pod Security Standards: these are asked again as upstream asks them. */
  readonly reads?: Concern;
  /** Its settings say what is allowed: of two policies that both have it only what both allow passes. */
  readonly narrows?: true;
  readonly references: RuleReferences;
  /** A few words, no full stop. */
  readonly title: Localized;
  /** What an attacker or an accident does with it. */
  readonly why: Localized;
  /** What to change, in words. */
  readonly fix: Localized;
  /** `whole`: a message is all that is said of the field, with `{found}` for what stands there. */
  readonly phrasing?: 'whole';
  /** What the field must be; printed after `is <found>,` unless the phrasing says otherwise. */
  readonly messages: Readonly<Record<M, Localized>>;
  /** By message, what stands for a value that is somebody's choice, beside the changes that can be proposed: `<quantity>`. */
  readonly choices?: Readonly<Partial<Record<M, string>>>;
  /** Its own settings; a policy's entry for the rule is this object with `mode`. */
  readonly params: z.ZodObject & z.ZodType<P>;
  /** What `except.values` may name: found values of violations. Absent: the rule can only be excused as a whole. */
  readonly values?: z.ZodType;
  /** Strictly increasing `since`. */
  readonly versions: readonly [RuleVersion<P, M>, ...RuleVersion<P, M>[]];
  /** Facts the check will read. */
  needs?(pod: PodView, params: P): Iterable<FactRequest>;
  /**
   * The smallest change that ends a violation. It sees the pod as repaired so far, so that two repairs of one list
   * both take effect. Yields nothing where the right value is somebody's choice.
   */
  repair?(pod: PodParts, violation: Violation<M>, params: P): Iterable<PatchOperation>;
  readonly examples: {
    /** Of every example that has none of its own. */
    readonly settings?: RuleSettings;
    readonly allowed: readonly [RuleExample, ...RuleExample[]];
    readonly violating: readonly [ViolatingExample, ...ViolatingExample[]];
  };
}

/** A rule outside the Pod Security Standards: one check, whatever the version of the cluster. */
export interface PlainRule<P, M extends string> extends Omit<Rule<P, M>, 'level' | 'versions'> {
  /** As in `RuleVersion`. */
  check(pod: PodView, context: CheckContext<M>, params: P): undefined;
}

/** Checks the types of a rule: a message key that is not in `messages` does not compile. */
export function defineRule<const M extends string, P>(rule: Rule<P, M> | PlainRule<P, M>): Rule<P, M> {
  if (!('check' in rule)) return rule;
  const { check, ...rest } = rule;
  return { reads: 'containers', phrasing: 'whole', ...rest, versions: [{ since: '1.0', check }] };
}

/** What a question is asked about, and by which settings. */
interface Question<P> {
  readonly pod: PodView;
  readonly params: P;
  readonly facts: Facts;
}

/** Every violation, as a list. */
export function violationsOf<P, M extends string>(
  { check }: Pick<RuleVersion<P, M>, 'check'>,
  { pod, params, facts }: Question<P>,
): Violation<M>[] {
  const violations: Violation<M>[] = [];
  check(pod, { report: (violation) => void violations.push(violation), facts }, params);
  return violations;
}

/** The revision of a rule at a minor version: the last one that is not newer. Undefined before the first. */
export function ruleVersionAt<P, M extends string>(rule: Rule<P, M>, minor: number): RuleVersion<P, M> | undefined {
  return rule.versions.findLast((version) => Number(version.since.slice(2)) <= minor);
}
