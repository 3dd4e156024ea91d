import type { Localized } from '../locale.ts';
import { formatPolicyVersion, newestMinor } from '../pod/version.ts';
import { groupOf } from '../rules/groups.ts';
import { examplePod } from '../rules/minimal-pod.ts';
import type { ChangeExample, NamespaceRule } from '../rules/namespace-rule.ts';
import type { Rule, RuleExample, RuleSettings } from '../rules/rule.ts';

/** A rule of any kind, as far as it is explained. */
export type ExplainedRule = Rule | NamespaceRule;

/** An object that can be copied and applied. */
export interface ExampleManifest {
  /** Where an example has several. */
  readonly caption?: Localized;
  readonly object: unknown;
}

/** What is allowed or denied, as whole manifests. */
export interface ExplainedExample {
  /** The version of the standards, where the example is of one that is not the newest. */
  readonly version?: string;
  /** The newest, where that is not said; absent for rules that have no versions. */
  readonly judgedAt?: string;
  /** What the policy's entry says of the rule, where it is not what stands above all examples. */
  readonly settings?: RuleSettings;
  readonly violates: readonly string[];
  readonly manifests: readonly ExampleManifest[];
}

/** All examples of a rule. */
export interface ExplainedExamples {
  readonly allowed: readonly ExplainedExample[];
  readonly violating: readonly ExplainedExample[];
}

export function examplesOf(rule: ExplainedRule): ExplainedExamples {
  const { allowed, violating } = rule.examples;
  const explained = (example: RuleExample | ChangeExample, violates: readonly string[]): ExplainedExample => ({
    ...('before' in example ? changeManifests(example) : podManifest(example, rule.level !== undefined)),
    violates,
  });
  return {
    allowed: allowed.map((example) => explained(example, [])),
    violating: violating.map((example) => explained(example, example.violates)),
  };
}

/** What a policy version changes of it; nothing for a rule that is not of the standards. */
export function versionsOf(rule: ExplainedRule): Rule['versions'] | readonly [] {
  return 'versions' in rule && rule.level !== undefined ? rule.versions : [];
}

/** What switches it on: a level of the standards, or a section of a policy that names it. */
export function switchOf(rule: ExplainedRule): string {
  return rule.level ?? groupOf(rule.id) ?? '';
}

function podManifest(example: RuleExample, versioned: boolean): Omit<ExplainedExample, 'violates'> {
  const { version, settings } = example;
  const judgedAt = versioned ? (version ?? formatPolicyVersion(newestMinor)) : undefined;
  return {
    ...(version === undefined ? {} : { version }),
    ...(judgedAt === undefined ? {} : { judgedAt }),
    ...(settings === undefined ? {} : { settings }),
    manifests: [{ object: examplePod(example) }],
  };
}

const captions = {
  before: { en: 'before', ja: '変更前' },
  after: { en: 'after', ja: '変更後' },
} as const;

function changeManifests({ before, after }: ChangeExample): Omit<ExplainedExample, 'violates'> {
  return {
    manifests: [
      { caption: captions.before, object: exampleNamespace(before) },
      { caption: captions.after, object: exampleNamespace(after) },
    ],
  };
}

function exampleNamespace(labels: Readonly<Record<string, string>>): unknown {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'example', labels } };
}
