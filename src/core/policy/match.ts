import { z } from 'zod';
import { labelKeyPattern, longestLabelKey } from '../pod/labels.ts';
import { crdRule } from '../rules/crd-rule.ts';
import { meansController, meansControllerInCel } from './controller-user.ts';

/* The pieces of `match`: the same shape wherever a kind matches. */

/** Names of namespaces, `*` for any run of characters. Longer than any name can be is a mistake. */
const namespaceGlob = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9*-]+$/, 'must be the name of a namespace; * stands for any characters');

/** Nothing included means all. */
export const namespaces = z.strictObject({
  include: z.array(namespaceGlob).max(100).default([]).describe('The names that are meant; none means all.'),
  exclude: z
    .array(namespaceGlob)
    .max(100)
    .default([])
    .describe('The names that are not, even where they are included.'),
});

/** Namespaces by their names. */
export type NamespaceMatch = z.output<typeof namespaces>;

const labelKey = z.string().min(1).max(longestLabelKey).regex(labelKeyPattern, 'must be the key of a label');

const labelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, 'must be the value of a label');

/** Labels of a namespace, as somebody states them. */
export const namespaceLabels = z.record(labelKey, labelValue);

const mostLabels = 32;

/** A CRD can say nothing of the keys of a map but by a rule. */
const matchLabels = z
  .record(z.string(), labelValue)
  .refine((labels) => Object.keys(labels).length <= mostLabels, `must have at most ${mostLabels} labels`)
  .check(
    crdRule({
      cel: `self.all(key, size(key) <= ${longestLabelKey} && key.matches(r'${labelKeyPattern.source}'))`,
      check: (labels) => Object.keys(labels).every(isLabelKey),
      message: 'must have keys of labels as its keys',
      locate: (labels) =>
        Object.keys(labels)
          .filter((key) => !isLabelKey(key))
          .slice(0, 1),
    }),
  )
  .meta({ maxProperties: mostLabels });

/** What the schema says, without its errors: whoever calls us may send half a million keys. */
function isLabelKey(key: string): boolean {
  return key !== '' && key.length <= longestLabelKey && labelKeyPattern.test(key);
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

const requirement = z
  .strictObject({
    key: labelKey.describe('The key of the label.'),
    operator: z.enum(operators).describe('What must hold of its value, or of its being there.'),
    values: z.array(labelValue).max(64).default([]).describe('The values that In and NotIn are about.'),
  })
  .check(...operators.map(valuesWith));

type OperatorAndValues = { readonly operator: (typeof operators)[number]; readonly values: readonly string[] };

function valuesWith(which: OperatorAndValues['operator']): z.core.$ZodCheck<OperatorAndValues> {
  const compares = which === 'In' || which === 'NotIn';
  return crdRule({
    cel: `self.operator != '${which}' || size(self.?values.orValue([])) ${compares ? '>' : '=='} 0`,
    check: ({ operator, values }) => operator !== which || compares === values.length > 0,
    message: compares ? `must be given with ${which}` : `must be left out with ${which}`,
    path: ['values'],
  });
}

/** `LabelSelector` of Kubernetes' `meta/v1`: every line must hold; none means everything. */
export const labelSelector = z.strictObject({
  matchLabels: matchLabels.default({}).describe('Labels that must have these values.'),
  matchExpressions: z
    .array(requirement)
    .max(16)
    .default([])
    .describe('More conditions on labels; all of them must hold.'),
});

/** Labels that must be, or must not. */
export type LabelSelector = z.output<typeof labelSelector>;

const objectNameGlob = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9.*-]+$/, 'must be the name of an object; * stands for any characters');

/** Whom an exception's object may be called; whoever writes the object chooses it. */
export const objectNames = z.array(objectNameGlob).min(1).max(64);

const userGlob = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}]+$/u, 'must be the name of a user; * stands for any characters');

const users = z
  .strictObject({
    exclude: z
      .array(userGlob)
      .max(64)
      .default([])
      .describe('Names of users whose requests are not judged; * stands for any characters.'),
    allowControllers: z
      .boolean()
      .default(false)
      .describe('Owns up that excluding a controller of kube-system exempts everybody who lets it make pods.'),
  })
  .check(
    crdRule({
      cel: `(has(self.allowControllers) && self.allowControllers) || !has(self.exclude) || !self.exclude.exists(user, ${meansControllerInCel('user')})`,
      check: ({ exclude, allowControllers }) => allowControllers || !exclude.some(meansController),
      message:
        'means controllers of kube-system, and so everybody whose pods they make: name others, or set allowControllers: true',
      path: ['exclude'],
      locate: ({ exclude }) => ['exclude', exclude.findIndex(meansController)],
    }),
  );

/** Which objects a policy has a say in: all conditions must hold. */
export const policyMatch = z.strictObject({
  namespaces: namespaces.prefault({}).describe('By name of the namespace; * stands for any characters.'),
  namespaceSelector: labelSelector.optional().describe('By labels of the namespace.'),
  objectSelector: labelSelector
    .optional()
    .describe(
      'By labels of the applied object; only in Warn and Audit, because whoever writes the object writes its labels.',
    ),
  runtimeClasses: z
    .strictObject({
      exclude: z
        .array(objectNameGlob)
        .max(64)
        .default([])
        .describe('Pods with such a runtimeClassName are not judged; * stands for any characters.'),
    })
    .prefault({})
    .describe('By runtimeClassName of the pod.'),
  users: users.prefault({}).describe('By name of whoever sends the request.'),
});

/** Whom a policy is about. */
export type PolicyMatch = z.output<typeof policyMatch>;
