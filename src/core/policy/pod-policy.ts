import { z } from 'zod';
import { type FieldPath, valueAt } from '../pod/field-path.ts';
import { newestMinor, type PolicyVersion, parsePolicyVersion, policyVersionPattern } from '../pod/version.ts';
import { crdRule } from '../rules/crd-rule.ts';
import { groupNames, ruleGroups } from '../rules/groups.ts';
import { podSecurityRules } from '../rules/index.ts';
import { exclusionsField } from './exclusion.ts';
import { selectsAll } from './label-selector.ts';
import { type PolicyMatch, policyMatch } from './match.ts';
import { modeField, ruleEntries, sectionMode, workloadsField } from './rule-entry.ts';
import { groupSections } from './rule-group.ts';

/** The group of our kinds. */
export const apiGroup = 'sekisho.dev';
/** Group and version, as documents state them. */
export const apiVersion = `${apiGroup}/v1alpha1`;

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

const version = z
  .string()
  .max(16)
  .regex(policyVersionPattern, `must be latest or v1.0 to v1.${newestMinor}`)
  .default('latest')
  .transform((text): PolicyVersion => parsePolicyVersion(text) ?? 'latest');

/** What a violation that the old template had too leads to: the same as any other, or only a warning. */
const onUpdate = z.enum(['All', 'NewOnly']);

/*
 * Lines that people read. JavaScript and RE2, which the API server has, must understand the patterns alike: no `\s`, no
 * dot. What is no letter is left to whoever prints it, but for what would break a line. Blanks, then what is none, then
 * the rest: of three classes that overlap each split of the text would be tried, and any pod may send us a policy.
 */

/** Of a policy's message. */
const note = z
  .string()
  .max(256)
  .regex(/^[\t\v\f\p{Zs}]*[^\p{Cc}\p{Z}][^\n\r\p{Zl}\p{Zp}]*$/u, 'must be one line of text');

/** Without control characters at all. */
export const line = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^\p{Zs}*[^\p{Cc}\p{Z}][^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line of text');

/** The levels of the Pod Security Standards, from the weakest to the strictest. */
export const levels = ['privileged', 'baseline', 'restricted'] as const;

/** How much the Pod Security Standards demand. */
export type Level = (typeof levels)[number];

const userName = z.string().min(1).max(256);

/** Who but these lowers or removes a Pod Security label of a namespace violates `namespaceLabelChange`. */
const labelGuard = z.strictObject({
  allow: z
    .strictObject({
      users: z.array(userName).max(64).default([]).describe('Names of users who may.'),
      groups: z.array(userName).max(64).default(['system:masters']).describe('Groups whose members may.'),
    })
    .prefault({})
    .describe('Who may lower or remove such labels.'),
});

const podSecurity = z
  .strictObject({
    mode: sectionMode,
    level: z.enum(levels).describe('The level of the Pod Security Standards.'),
    version: version.describe(
      'The version of the standards: latest, or v1.N so that an upgrade does not tighten them.',
    ),
    namespaceLabels: z
      .enum(['Ignore', 'Tighten', 'Respect'])
      .default('Tighten')
      .describe(
        'What the labels pod-security.kubernetes.io/* of a namespace do: nothing, add to this policy, or replace its level.',
      ),
    labelGuard: labelGuard
      .optional()
      .describe('Who else lowers or removes those labels violates the rule namespaceLabelChange.'),
    workloads: workloadsField('Enforce'),
    rules: z
      .strictObject(ruleEntries(podSecurityRules))
      .prefault({})
      .describe('A mode of its own, or settings, for single rules; an entry switches its rule on.'),
    except: exclusionsField(podSecurityRules),
  })
  .check(
    crdRule({
      cel: "!has(self.labelGuard) || !has(self.namespaceLabels) || self.namespaceLabels != 'Ignore'",
      check: ({ labelGuard, namespaceLabels }) => labelGuard === undefined || namespaceLabels !== 'Ignore',
      message: 'guards labels that namespaceLabels: Ignore leaves unread: say Tighten or Respect',
      path: ['labelGuard'],
    }),
  );

/** What an operator adds to the denials of the policy; a language that is missing is told in the other. */
const message = z.strictObject({
  en: note.optional().describe('In English.'),
  ja: note.optional().describe('In Japanese.'),
});

/** Every field of a spec that holds a mode, from the spec. */
const modeFields: readonly (readonly string[])[] = [
  ['mode'],
  ['podSecurity', 'mode'],
  ...podSecurityRules.map(({ id }) => ['podSecurity', 'rules', id, 'mode']),
  ...groupNames.flatMap((group) => [[group, 'mode'], ...ruleGroups[group].map(({ id }) => [group, id, 'mode'])]),
];

/** Whether some object is left out: an empty selector means every object, so nobody can leave it. */
const selectsSomeInCel = ['matchLabels', 'matchExpressions']
  .map((field) => `size(self.?match.?objectSelector.?${field}.orValue(${field === 'matchLabels' ? '{}' : '[]'})) > 0`)
  .join(' || ');

/** Of every object, as far as whoever writes it lets it be one: that must not decide what is denied. */
function selectorBeside(field: readonly string[]): z.core.$ZodCheck<{ readonly match: PolicyMatch }> {
  return crdRule({
    cel: `!(${selectsSomeInCel}) || self.?${field.join('.?')}.orValue('') != 'Enforce'`,
    check: (spec) => {
      const { objectSelector } = spec.match;
      return objectSelector === undefined || selectsAll(objectSelector) || valueAt(spec, field) !== 'Enforce';
    },
    message: `cannot stand beside ${field.join('.')}: Enforce: whoever writes the object writes its labels`,
    path: ['match', 'objectSelector'],
  });
}

const spec = z
  .strictObject({
    mode: modeField
      .default('Audit')
      .describe('What a violation leads to: the request is denied, its sender is warned, or it is only recorded.'),
    onUpdate: onUpdate
      .default('All')
      .describe('Whether a changed template is held to what the old one violated too, or only to what is new.'),
    match: policyMatch
      .prefault({})
      .describe('Which objects the policy has a say in: all conditions must hold; none means all objects.'),
    podSecurity: podSecurity.optional().describe('A level of the Pod Security Standards.'),
    ...groupSections,
    message: message
      .optional()
      .describe('What stands under every denial of this policy; a language that is missing is told in the other.'),
  })
  .check(...modeFields.map(selectorBeside));

/** What an operator wants of pods: kind PodPolicy, cluster-scoped, the same YAML in files and in the cluster. */
export const podPolicySchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PodPolicy'),
  metadata: z.looseObject({ name: objectName }),
  spec: spec.describe('What is wanted of pods, and where.'),
  /** Written by the controller; whoever keeps what `kubectl get -o yaml` printed may have it in a file. */
  status: z.unknown().optional(),
});

export type PodPolicy = z.output<typeof podPolicySchema>;
export type PodSecuritySection = z.output<typeof podSecurity>;
export type PolicyMessage = z.output<typeof message>;

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
