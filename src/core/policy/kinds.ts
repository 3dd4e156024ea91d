import { z } from 'zod';
import type { OwnKind } from './own-object.ts';
import { apiGroup, podPolicySchema } from './pod-policy.ts';
import { podPolicyExceptionSchema } from './pod-policy-exception.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer';
  /** A JSON path of the kind that `kubectl` knows. */
  readonly jsonPath: string;
  readonly description: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
}

/** A kind of ours: what its CRD, its JSON schema and its page of reference are made of. */
export interface Kind {
  readonly kind: OwnKind;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  /** The document; the API server's own fields (`apiVersion`, `kind`, `metadata`, `status`) included. */
  readonly schema: z.ZodType & { readonly shape: { readonly spec: z.ZodType } };
  readonly columns: readonly PrinterColumn[];
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when it exists.',
};

function conditionColumn(condition: string, description: string): PrinterColumn {
  const jsonPath = `.status.conditions[?(@.type=="${condition}")].status`;
  return { name: condition, type: 'string', jsonPath, description };
}

/** What an administrator wants. */
export const podPolicyKind: Kind = {
  kind: 'PodPolicy',
  plural: 'podpolicies',
  singular: 'podpolicy',
  shortNames: [],
  description: 'What an administrator wants of pods. All policies that match an object apply; the strictest wins.',
  schema: podPolicySchema,
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'What a violation leads to.' },
    {
      name: 'Level',
      type: 'string',
      jsonPath: '.spec.podSecurity.level',
      description: 'The level of the Pod Security Standards.',
    },
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.spec.podSecurity.version',
      description: 'The version of the Pod Security Standards.',
    },
    conditionColumn('Ready', 'Whether it is in use.'),
    age,
  ],
};

/** What is excused from it. */
export const podPolicyExceptionKind: Kind = {
  kind: 'PodPolicyException',
  plural: 'podpolicyexceptions',
  singular: 'podpolicyexception',
  shortNames: ['ppx'],
  description:
    'A dated, reasoned excuse: what a policy finds in some place is reported, but neither denied nor warned of, until it expires.',
  schema: podPolicyExceptionSchema,
  columns: [
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt', description: 'When it ends.' },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner', description: 'Whom to ask.' },
    conditionColumn('Accepted', 'Whether its policies and rules exist.'),
    conditionColumn('Broad', 'Whether it binds no image by digest, so that authors of objects can make theirs fit.'),
    age,
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why.', wide: true },
    { name: 'Ticket', type: 'string', jsonPath: '.spec.ticket', description: 'Where it is tracked.', wide: true },
  ],
};

/** Our kinds in the cluster. */
export const kinds: readonly Kind[] = [podPolicyKind, podPolicyExceptionKind];

/** The name of its CRD, and of its objects for whoever grants rights: `podpolicies.sekisho.dev`. */
export function crdNameOf({ plural }: Kind): string {
  return `${plural}.${apiGroup}`;
}

const condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
    .describe('What it is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation that it is about.'),
  lastTransitionTime: z.iso.datetime({ offset: true }).max(40).describe('When its status changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, in one word for programs.'),
  message: z.string().max(32_768).describe('Why, in words for people.'),
});

/** What the controller writes into each of them: `Condition` of Kubernetes' `meta/v1`. */
export const statusSchema = z.object({
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation that the conditions are about.'),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe('What is the case, one for each type.'),
});
