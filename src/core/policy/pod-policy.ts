import { z } from 'zod';
import type { FieldPath } from '../pod/field-path.ts';
import { newestMinor, type PolicyVersion, parsePolicyVersion } from '../pod/version.ts';
import { podSecurityRules } from '../rules/index.ts';
import type { Rule } from '../rules/rule.ts';
import { policyMatch } from './match.ts';
import { type Mode, modes } from './mode.ts';

export const apiGroup = 'sekisho.dev';
export const apiVersion = `${apiGroup}/v1alpha1`;

const mode = z.enum(modes);

/** The name of a cluster-scoped object. */
export const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a DNS subdomain: lower case letters, digits, - and .');

/** The id of a rule, or what may be one in another release. */
export const ruleId = z
  .string()
  .max(63)
  .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'must be the id of a rule');

const ruleIds = podSecurityRules.map((rule) => rule.id);
const rulesById: ReadonlyMap<string, Rule> = new Map(podSecurityRules.map((rule) => [rule.id, rule]));

/** What a policy says of one rule: its mode, and the rule's own settings. */
export interface RuleEntry {
  readonly mode?: Mode | undefined;
  readonly [setting: string]: unknown;
}

function entrySchema(rule: Rule): z.ZodType<RuleEntry | undefined> {
  return rule.params.extend({ mode: mode.optional() }).optional() as z.ZodType<RuleEntry | undefined>;
}

const ruleEntries = z.strictObject(Object.fromEntries(podSecurityRules.map((rule) => [rule.id, entrySchema(rule)])));

const exclusion = z
  .strictObject({
    rules: z
      .array(z.enum(ruleIds as [string, ...string[]]))
      .min(1)
      .max(32),
    values: z
      .array(z.union([z.string().max(256), z.number()]))
      .min(1)
      .max(64)
      .optional(),
    containers: z.array(z.string().min(1).max(63)).min(1).max(64).optional(),
  })
  .superRefine((entry, context) => {
    // A value that a rule can never find would be an exception that silently never holds.
    for (const id of entry.values === undefined ? [] : entry.rules) {
      const schema = rulesById.get(id)?.values;
      for (const [index, value] of (entry.values ?? []).entries()) {
        if (schema?.safeParse(value).success) continue;
        const problem = schema === undefined ? `has no values to name: leave values out` : `cannot find such a value`;
        context.addIssue({ code: 'custom', path: ['values', index], message: `the rule ${id} ${problem}` });
      }
    }
  });

const version = z
  .string()
  .max(16)
  .default('latest')
  .transform((text, context): PolicyVersion => {
    const parsed = parsePolicyVersion(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `must be latest or v1.0 to v1.${newestMinor}` });
    return z.NEVER;
  });

/** What a violation that the old template had too leads to: the same as any other, or only a warning. */
const onUpdate = z.enum(['All', 'NewOnly']);

/** One line that people read in a terminal. */
const note = z
  .string()
  .max(256)
  .regex(/^.*\S.*$/, 'must be one line of text');

export const levels = ['privileged', 'baseline', 'restricted'] as const;

export type Level = (typeof levels)[number];

/** Who but these lowers or removes a Pod Security label of a namespace violates `namespaceLabelChange`. */
const labelGuard = z.strictObject({
  allow: z
    .strictObject({
      users: z.array(z.string().min(1).max(256)).max(64).default([]),
      groups: z.array(z.string().min(1).max(256)).max(64).default(['system:masters']),
    })
    .prefault({}),
});

const podSecurity = z.strictObject({
  mode: mode.optional(),
  level: z.enum(levels),
  version,
  namespaceLabels: z.enum(['Ignore', 'Tighten', 'Respect']).default('Tighten'),
  labelGuard: labelGuard.optional(),
  workloads: z.enum(['Enforce', 'Warn', 'Ignore']).default('Enforce'),
  rules: ruleEntries.prefault({}),
  except: z.array(exclusion).max(64).default([]),
});

/** What an operator adds to the denials of the policy; a language that is missing is told in the other. */
const message = z.strictObject({ en: note.optional(), ja: note.optional() });

/** What an operator wants of pods: kind PodPolicy, cluster-scoped, the same YAML in files and in the cluster. */
export const podPolicySchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PodPolicy'),
  metadata: z.looseObject({ name: objectName }),
  spec: z.strictObject({
    mode: mode.default('Audit'),
    onUpdate: onUpdate.default('All'),
    match: policyMatch.prefault({}),
    podSecurity: podSecurity.optional(),
    message: message.optional(),
  }),
  /** Written by the controller; whoever keeps what `kubectl get -o yaml` printed may have it in a file. */
  status: z.unknown().optional(),
});

export type PodPolicy = z.output<typeof podPolicySchema>;
export type PodSecuritySection = z.output<typeof podSecurity>;
export type PolicyMessage = z.output<typeof message>;
export type Exclusion = z.output<typeof exclusion>;

/** One thing that is wrong with a document, and where; data, so that the reader can add file and line. */
export interface DocumentIssue {
  readonly path: FieldPath;
  readonly message: string;
}

/** Reads one document strictly: an unknown field is an issue with its path. */
export function parsePodPolicy(document: unknown): { policy: PodPolicy } | { issues: readonly DocumentIssue[] } {
  const result = podPolicySchema.safeParse(document);
  if (result.success) return { policy: result.data };
  return { issues: result.error.issues.flatMap(toDocumentIssues) };
}

export function toDocumentIssues(issue: z.core.$ZodIssue): readonly DocumentIssue[] {
  const path = issue.path.filter((segment) => typeof segment !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known field' }));
  }
  return [{ path, message: issue.message }];
}
