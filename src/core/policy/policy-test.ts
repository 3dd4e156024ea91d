import { z } from 'zod';
import { podRules } from '../rules/groups.ts';
import { namespaceLabels } from './match.ts';
import { modes } from './mode.ts';
import { apiVersion, type DocumentIssue, toDocumentIssues } from './pod-policy.ts';

/** A misspelt rule would never be found: an `excludes` with it would pass for ever. */
const ruleIds: ReadonlySet<string> = new Set([...podRules.map(({ id }) => id), 'malformedPod']);

const expectedFinding = z.strictObject({
  rule: z.string().refine((id) => ruleIds.has(id), 'is not the id of a rule: sekisho explain lists them'),
  path: z.string().min(1).max(4096).optional(),
  container: z.string().min(1).max(63).optional(),
  policy: z.string().min(1).max(253).optional(),
  mode: z.enum(modes).optional(),
  /** The exception that excuses it. */
  exception: z.string().min(1).max(253).optional(),
  /** A part of the message, in any language. */
  message: z.string().min(1).max(1024).optional(),
});

const expectedFindings = z.array(expectedFinding).max(1000);

const expectation = z
  .strictObject({
    allowed: z.boolean().optional(),
    /** All that is found, and nothing else; an empty list is: nothing. */
    findings: expectedFindings.optional(),
    /** Found, perhaps among others. */
    includes: expectedFindings.min(1).optional(),
    /** Not found. */
    excludes: expectedFindings.min(1).optional(),
  })
  .superRefine(({ allowed, findings, includes, excludes }, context) => {
    if (allowed === undefined && findings === undefined && includes === undefined && excludes === undefined) {
      context.addIssue({ code: 'custom', message: 'expects nothing: say allowed, findings, includes or excludes' });
    }
    if (findings === undefined) return;
    for (const [name, list] of Object.entries({ includes, excludes })) {
      if (list === undefined) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'cannot stand beside findings, which names them all' });
    }
  });

/** An object as it stands, or where it stands. Handed on untouched: it may hold anything, also `__proto__`. */
const objectSource = z.custom<string | Readonly<Record<string, unknown>>>(
  (value) => (typeof value === 'string' ? value !== '' : isObject(value)),
  'must be an object, or a path[#Kind/name]',
);

const policyTestCase = z.strictObject({
  name: z.string().min(1).max(256),
  object: objectSource,
  oldObject: objectSource.optional(),
  namespace: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace')
    .optional(),
  /** Of the namespace; without them it is assumed to have none, and a policy that selects by them has a question. */
  namespaceLabels: namespaceLabels.optional(),
  /** Whoever applies the object. */
  user: z.string().min(1).max(256).optional(),
  expect: expectation,
});

/** What an operator expects of his policies: kind PolicyTest, read from files only. */
const policyTestSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('PolicyTest'),
  policies: z.array(z.string().min(1).max(4096)).min(1).max(1000),
  cases: z
    .array(policyTestCase)
    .min(1)
    .superRefine((cases, context) => {
      const first = new Map<string, number>();
      for (const [index, { name }] of cases.entries()) {
        const other = first.get(name);
        if (other === undefined) first.set(name, index);
        else context.addIssue({ code: 'custom', path: [index, 'name'], message: `is the name of cases[${other}] too` });
      }
    }),
});

/** A file of cases. */
export type PolicyTest = z.output<typeof policyTestSchema>;
/** An object, and what the policies are to say of it. */
export type PolicyTestCase = z.output<typeof policyTestCase>;
/** Where an object of a case comes from. */
export type ObjectSource = z.output<typeof objectSource>;
/** What a case demands of the verdict. */
export type Expectation = z.output<typeof expectation>;
/** A finding as far as a case cares: what it leaves out may be anything. */
export type ExpectedFinding = z.output<typeof expectedFinding>;

/** Reads one document strictly: an unknown field is an issue with its path. */
export function parsePolicyTest(document: unknown): { test: PolicyTest } | { issues: readonly DocumentIssue[] } {
  const result = policyTestSchema.safeParse(document);
  return result.success ? { test: result.data } : { issues: result.error.issues.flatMap(toDocumentIssues) };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
