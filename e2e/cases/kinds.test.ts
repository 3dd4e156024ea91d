import { beforeAll, expect, test } from 'vitest';
import { crdNameOf } from '../../scripts/crd.ts';
import { kinds } from '../../src/core/policy/kinds.ts';
import { apiVersion } from '../../src/core/policy/pod-policy.ts';
import { judgedSpecs } from '../../test/core/policy/judged-specs.ts';
import { describeCase } from '../harness/case.ts';
import { installKinds } from '../harness/kinds.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';

const manifests = readManifests(import.meta.filename);

interface Condition {
  readonly type: string;
  readonly status: string;
}

function create(kind: string, spec: unknown, ...args: readonly string[]) {
  const stdin = JSON.stringify({ apiVersion, kind, metadata: { name: 'judged' }, spec });
  return kubectl(['create', '--dry-run=server', ...args, '-f', '-'], { stdin });
}

describeCase('the kinds', [], () => {
  beforeAll(() => installKinds());

  test.each(kinds)('$kind is established, and its schema is structural', async (kind) => {
    const text = await kubectlOutput(['get', 'crd', crdNameOf(kind), '-o', 'json']);
    const { status } = JSON.parse(text) as { status: { conditions: readonly Condition[] } };
    const conditions = status.conditions.map(({ type, status: value }) => `${type}=${value}`).sort();
    expect(conditions).toEqual(['Established=True', 'NamesAccepted=True']);
  });

  test.each(judgedSpecs)('with $what are judged in our own words', async ({ kind, spec, refused }) => {
    const { code, stderr } = await create(kind, spec);
    if (refused === undefined) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    else {
      expect(code).toBe(1);
      expect(stderr).toContain(`${refused.field}: Invalid value:`);
      expect(stderr).toContain(`: ${refused.message}\n`);
    }
  });

  test('are applied', async () => {
    expect(await kubectlOutput(['apply', '-f', '-'], { stdin: manifests.all() })).toBe('');
  });
});
