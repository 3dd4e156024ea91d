import { stringify } from 'yaml';
import { z } from 'zod';
import { crdNameOf, type Kind, kinds, type PrinterColumn, statusSchema } from '../src/core/policy/kinds.ts';
import { apiGroup, apiVersion as version } from '../src/core/policy/pod-policy.ts';
import { type CelValidation, celValidationOf } from '../src/core/rules/crd-rule.ts';

/*
 * The CRDs of our kinds, from their zod schemas. A CRD is no JSON Schema: it must be structural (every field's type said
 * once, outside anyOf and the like), and bounded, or the API server refuses its rules as too costly.
 */

/** A node of `openAPIV3Schema`. */
interface Node {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  minimum?: number;
  maximum?: number;
  required?: readonly string[];
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: readonly Node[];
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-validations'?: readonly object[];
  [key: string]: unknown;
}

/** The rules over several fields below a node: field and words. */
export function crdRulesOf(kind: Kind): readonly string[] {
  const found: string[] = [];
  const visit = (node: Node, path: string): void => {
    for (const { fieldPath = '', message } of (node['x-kubernetes-validations'] ?? []) as readonly CelValidation[]) {
      found.push(`\`${path}${fieldPath}\`: ${message}`);
    }
    for (const [name, each] of Object.entries(node.properties ?? {})) visit(each, `${path}.${name}`);
    if (node.items !== undefined) visit(node.items, `${path}[]`);
    if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, `${path}.*`);
  };
  visit(crdSchemaOf(kind.schema.shape.spec, 'spec'), 'spec');
  return found;
}

/** The schema of a CRD's version. Throws where something in it has no bound. */
export function crdSchemaOf(schema: z.ZodType, path: string): Node {
  const node = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const rules = (zodSchema._zod.def.checks ?? []).map(celValidationOf).filter((rule) => rule !== undefined);
      if (rules.length > 0) (jsonSchema as Node)['x-kubernetes-validations'] = rules;
    },
  }) as Node;
  return structural(node, path);
}

function structural(node: Node, path: string): Node {
  if (node.anyOf !== undefined) return intOrString(node, path);
  // With a format the API server (1.37) takes a list for a string; the pattern that zod writes beside it says as much.
  const { additionalProperties, properties, items, format: _, ...rest } = node;
  assertBounded(node, path);
  return {
    ...rest,
    ...(properties && { properties: mapValues(properties, (each, name) => structural(each, `${path}.${name}`)) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: structural(additionalProperties, `${path}.*`),
    }),
    ...(items && { items: withoutDefaults(structural(items, `${path}[]`)) }),
  };
}

/**
 * In an item of a list the API server fills nothing in: apply patches a list as a whole, so whoever compares what he
 * wrote with what is kept (kubectl, Argo CD) would see a difference for ever. Whoever parses fills it in all the same.
 */
function withoutDefaults({ default: _, ...node }: Node): Node {
  return { ...node, ...(node.properties && { properties: mapValues(node.properties, withoutDefaults) }) };
}

/** The only union that a structural schema can say. */
function intOrString({ anyOf = [], ...rest }: Node, path: string): Node {
  const [text, number, third] = anyOf;
  if (text?.type !== 'string' || number?.type !== 'integer' || third !== undefined) {
    throw new Error(`${path}: no union but of string and integer can stand in a CRD`);
  }
  assertBounded(text, path);
  assertBounded(number, path);
  const { type: _, ...bounds } = { ...number, ...text };
  return { ...rest, ...bounds, anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
}

function assertBounded(node: Node, path: string): void {
  const missing = {
    string: node.enum === undefined && node.maxLength === undefined && 'maxLength',
    array: node.maxItems === undefined && 'maxItems',
    object: node.properties === undefined && node.maxProperties === undefined && 'maxProperties',
    integer: (node.minimum === undefined || node.maximum === undefined) && 'minimum and maximum',
    boolean: false,
  }[node.type ?? ''];
  if (missing === undefined) throw new Error(`${path}: the type ${node.type} cannot stand in a CRD`);
  if (missing !== false) throw new Error(`${path}: needs ${missing}`);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

interface CustomResourceDefinition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** The definition without what the chart adds: labels and annotations. */
export function crdOf(kind: Kind): CustomResourceDefinition {
  const { plural, singular, shortNames, columns } = kind;
  const spec = { ...crdSchemaOf(kind.schema.shape.spec, 'spec') };
  const status = { ...crdSchemaOf(statusSchema, 'status'), description: 'What the controller says of it.' };
  const served = {
    name: version.slice(apiGroup.length + 1),
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: columns.map(columnOf),
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: kind.description,
        required: ['spec'],
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object' },
          spec,
          status,
        },
      },
    },
  };
  const names = {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural,
    singular,
    ...(shortNames.length > 0 && { shortNames }),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crdNameOf(kind) },
    spec: { group: apiGroup, scope: 'Cluster', names, versions: [served] },
  };
}

function columnOf({ name, type, jsonPath, description, wide }: PrinterColumn): object {
  return { name, type, jsonPath, description, ...(wide && { priority: 1 }) };
}

/** charts/sekisho/templates/crds.yaml: templates, so that an upgrade changes them; kept, because their objects go with them. */
export function crdsTemplate(): string {
  const documents = kinds.map((kind) => {
    const { apiVersion, kind: definition, metadata, spec } = crdOf(kind);
    const body = stringify({ spec }, { lineWidth: 0, aliasDuplicateObjects: false });
    if (body.includes('{{')) throw new Error(`${metadata.name}: Helm would take {{ for its own`);
    return `apiVersion: ${apiVersion}
kind: ${definition}
metadata:
  name: ${metadata.name}
  labels:
    {{- include "sekisho.labels" (dict "context" . "component" "kinds") | nindent 4 }}
  annotations:
    # Uninstalling must not delete every policy of the cluster.
    helm.sh/resource-policy: keep
${body}`;
  });
  return `{{- /* GENERATED by scripts/generate.ts from the zod schemas of src/core/policy; do not edit. */}}
{{- if .Values.crds.install }}
${documents.join('---\n')}{{- end }}
`;
}
