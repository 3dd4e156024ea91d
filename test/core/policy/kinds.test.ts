import { describe, expect, test } from 'vitest';
import { crdOf } from '../../../scripts/crd.ts';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { kinds } from '../../../src/core/policy/kinds.ts';
import { apiVersion, toDocumentIssues } from '../../../src/core/policy/pod-policy.ts';
import { judgedSpecs } from './judged-specs.ts';

function issuesOf(kind: string, spec: object): readonly string[] {
  const { schema } = kinds.find((each) => each.kind === kind)!;
  const result = schema.safeParse({ apiVersion, kind, metadata: { name: 'example' }, spec });
  const issues = result.error?.issues.flatMap(toDocumentIssues) ?? [];
  return issues.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`);
}

describe('a rule over several fields', () => {
  test.each(judgedSpecs)('judges $what', ({ kind, spec, refused }) => {
    const expected = refused === undefined ? [] : [`${refused.place ?? refused.field}: ${refused.message}`];
    expect(issuesOf(kind, spec)).toEqual(expected);
  });

  test('stands in the CRD with its words and its field, each of them', () => {
    const text = JSON.stringify(kinds.map(crdOf));
    const messages = new Set(judgedSpecs.flatMap(({ refused }) => refused?.message ?? []));
    expect(messages.size).toBeGreaterThan(7);
    for (const message of messages) expect(text).toContain(`"message":${JSON.stringify(message)}`);
  });
});
