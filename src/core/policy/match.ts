import { z } from 'zod';
import { meansController } from './controller-user.ts';

/* The pieces of `match`: the same shape wherever a kind matches. */

/** Names of namespaces, `*` for any run of characters. Longer than any name can be is a mistake. */
const namespaceGlob = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9*-]+$/, 'must be the name of a namespace; * stands for any characters');

/** Nothing included means all. */
export const namespaces = z.strictObject({
  include: z.array(namespaceGlob).max(100).default([]),
  exclude: z.array(namespaceGlob).max(100).default([]),
});

export type NamespaceMatch = z.output<typeof namespaces>;

/** A label's key: a name, and before it perhaps a DNS subdomain and a slash. */
const labelKey = z
  .string()
  .min(1)
  .max(317)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/, 'must be the key of a label');

const labelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, 'must be the value of a label');

/** Labels of a namespace, as somebody states them. */
export const namespaceLabels = z.record(labelKey, labelValue);

const requirement = z
  .strictObject({
    key: labelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(labelValue).max(64).default([]),
  })
  .superRefine(({ operator, values }, context) => {
    const compares = operator === 'In' || operator === 'NotIn';
    if (compares === values.length > 0) return;
    const message = compares ? `must be given with ${operator}` : `must be left out with ${operator}`;
    context.addIssue({ code: 'custom', path: ['values'], message });
  });

/** `LabelSelector` of Kubernetes' `meta/v1`: every line must hold; none means everything. */
export const labelSelector = z.strictObject({
  matchLabels: z.record(labelKey, labelValue).default({}),
  matchExpressions: z.array(requirement).max(16).default([]),
});

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

/** Which objects a policy has a say in: all conditions must hold. */
export const policyMatch = z.strictObject({
  namespaces: namespaces.prefault({}),
  /** Of the labels of the namespace. */
  namespaceSelector: labelSelector.optional(),
  /** Of the labels of the applied object. Only in Warn and Audit: whoever writes the object writes its labels. */
  objectSelector: labelSelector.optional(),
  /** By `runtimeClassName` of the pod. */
  runtimeClasses: z.strictObject({ exclude: z.array(objectNameGlob).max(64).default([]) }).prefault({}),
  /** By the name of whoever sends the request. */
  users: z
    .strictObject({
      exclude: z.array(userGlob).max(64).default([]),
      /** Owns up that excluding a controller of kube-system exempts everybody who lets it make pods. */
      allowControllers: z.boolean().default(false),
    })
    .superRefine(({ exclude, allowControllers }, context) => {
      for (const [index, pattern] of allowControllers ? [] : exclude.entries()) {
        if (!meansController(pattern)) continue;
        const message = `means controllers of kube-system, and so everybody whose pods they make: name others, or set allowControllers: true`;
        context.addIssue({ code: 'custom', path: ['exclude', index], message });
      }
    })
    .prefault({}),
});

export type PolicyMatch = z.output<typeof policyMatch>;
