import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { crdOf, crdSchemaOf } from '../scripts/crd.ts';
import { kinds } from '../src/core/policy/kinds.ts';
import { groupNames } from '../src/core/rules/groups.ts';

/* What can be said of the CRDs without an API server; the rest is e2e/cases/kinds.test.ts. */

type Node = Readonly<Record<string, unknown>>;

interface Field {
  readonly path: string;
  readonly node: Node;
}

function fieldsOf(node: Node, path: string): readonly Field[] {
  const {
    properties = {},
    items,
    additionalProperties,
  } = node as {
    properties?: Readonly<Record<string, Node>>;
    items?: Node;
    additionalProperties?: Node;
  };
  return [
    { path, node },
    ...Object.entries(properties).flatMap(([name, each]) => fieldsOf(each, `${path}.${name}`)),
    ...(items === undefined ? [] : fieldsOf(items, `${path}[]`)),
    ...(additionalProperties === undefined ? [] : fieldsOf(additionalProperties, `${path}.*`)),
  ];
}

const fields = kinds.flatMap((kind) => {
  const { spec } = crdOf(kind) as unknown as { spec: { versions: [{ schema: { openAPIV3Schema: Node } }] } };
  return fieldsOf(spec.versions[0].schema.openAPIV3Schema, kind.kind);
});

const paths = (where: (node: Node) => boolean): readonly string[] =>
  fields.filter(({ node }) => where(node)).map(({ path }) => path);

describe('the CRDs', () => {
  test('have every string, list, map and number bounded', () => {
    expect(fields.length).toBeGreaterThan(110);
    const ours = ({ path }: Field): boolean => !/^\w+(\.(apiVersion|kind|metadata))?$/.test(path);
    const unbounded = fields.filter(ours).filter(({ node }) => {
      const bound = { string: 'maxLength', array: 'maxItems', integer: 'maximum' }[String(node['type'])];
      const isMap = node['type'] === 'object' && node['properties'] === undefined;
      return (
        (bound !== undefined && node[bound] === undefined && node['enum'] === undefined) ||
        (isMap && node['maxProperties'] === undefined)
      );
    });
    expect(unbounded.map(({ path }) => path)).toEqual([]);
  });

  test('say every type once, outside anyOf but for what may be number or string', () => {
    const types = (node: Node): boolean => node['type'] === undefined && node['x-kubernetes-int-or-string'] !== true;
    expect(paths(types)).toEqual([]);
    expect(paths((node) => node['additionalProperties'] === false || node['oneOf'] !== undefined)).toEqual([]);
    const unions = fields.filter(({ node }) => node['anyOf'] !== undefined);
    for (const { path, node } of unions) {
      const types = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
      expect(node, path).toMatchObject(types);
    }
    const values = unions.filter(({ path }) => path.endsWith('.except[].values[]'));
    const sections = ['podSecurity', ...groupNames];
    expect(values.map(({ path }) => path)).toEqual(
      sections.map((section) => `PodPolicy.spec.${section}.except[].values[]`),
    );
    expect(values[0]?.node).toEqual({
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      maxLength: 256,
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      'x-kubernetes-int-or-string': true,
    });
  });

  test('have defaults, but in no item of a list: apply would see a difference for ever', () => {
    const filled = paths((node) => node['default'] !== undefined);
    expect(filled).toContain('PodPolicy.spec.match.namespaceSelector.matchExpressions');
    expect(filled.filter((path) => path.includes('[]'))).toEqual([]);
  });

  test('have no format: with one the API server takes a list of anything for a string', () => {
    expect(paths((node) => node['format'] !== undefined)).toEqual([]);
    const moment = fields.find(({ path }) => path === 'PodPolicyException.spec.expiresAt');
    expect(moment?.node['pattern']).toContain('T(?:');
  });

  test('describe every field in a sentence', () => {
    const named = fields.filter(({ path }) => /\.(spec|status)(\.|$)/.test(path) && !/(\[\]|\*)$/.test(path));
    const described = named.filter(({ node }) => /^\S.*\.$/.test(String(node['description'])));
    expect(named.length).toBeGreaterThan(90);
    expect(named.map(({ path }) => path)).toEqual(described.map(({ path }) => path));
  });

  test('stand in the chart under one switch, and stay when it goes', () => {
    const template = readFileSync(join(import.meta.dirname, '../charts/sekisho/templates/crds.yaml'), 'utf8');
    expect(template.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(kinds.length);
    expect(template.match(/^ {4}helm\.sh\/resource-policy: keep$/gm)).toHaveLength(kinds.length);
    expect(template.split('\n')[1]).toBe('{{- if .Values.crds.install }}');
  });
});

describe('a schema that no CRD can say', () => {
  test.each([
    ['a string without an end', z.strictObject({ a: z.strictObject({ b: z.string() }) }), 'spec.a.b: needs maxLength'],
    ['a list without an end', z.strictObject({ a: z.array(z.boolean()) }), 'spec.a: needs maxItems'],
    ['a string in a list', z.strictObject({ a: z.array(z.string()).max(3) }), 'spec.a[]: needs maxLength'],
    ['a map without an end', z.strictObject({ a: z.record(z.string(), z.boolean()) }), 'spec.a: needs maxProperties'],
    ['a union', z.strictObject({ a: z.union([z.boolean(), z.string().max(3)]) }), 'spec.a: no union'],
    ['a fraction', z.strictObject({ a: z.number() }), 'spec.a: the type number cannot stand in a CRD'],
    ['anything', z.strictObject({ a: z.unknown() }), 'spec.a: the type undefined cannot stand in a CRD'],
  ])('with %s is refused where it is generated', (_what, schema, expected) => {
    expect(() => crdSchemaOf(schema, 'spec')).toThrow(expected);
  });
});
