import { expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { parsePolicyTest } from '../../../src/core/policy/policy-test.ts';

const one = { name: 'a', object: 'pod.yaml', expect: { allowed: true } };
const document = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PolicyTest', policies: ['p.yaml'], cases: [one] };

/** The paths of what is wrong with one case. */
function wrongIn(...cases: readonly object[]): readonly string[] {
  const parsed = parsePolicyTest({ ...document, cases });
  return 'issues' in parsed ? parsed.issues.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`) : [];
}

test('a case that is complete is read as it stands', () => {
  expect(parsePolicyTest(document)).toEqual({ test: document });
  const object = JSON.parse('{"apiVersion": "v1", "__proto__": {"kind": "Pod"}}');
  const parsed = parsePolicyTest({ ...document, cases: [{ ...one, object }] });
  expect('test' in parsed && parsed.test.cases[0]?.object).toBe(object);
});

test('a case that expects nothing is none', () => {
  const problem = 'expects nothing: say allowed, findings, includes or excludes';
  expect(wrongIn({ ...one, expect: {} })).toEqual([`cases[0].expect: ${problem}`]);
  expect(wrongIn({ name: 'a', object: 'x' })).toEqual([expect.stringMatching(/^cases\[0\]\.expect: /)]);
  for (const list of ['includes', 'excludes']) {
    expect(wrongIn({ ...one, expect: { [list]: [] } })).toEqual([expect.stringContaining(`.expect.${list}: `)]);
  }
  expect(wrongIn({ ...one, expect: { findings: [] } }), 'no finding at all is something').toEqual([]);
  for (const list of ['policies', 'cases']) {
    expect(parsePolicyTest({ ...document, [list]: [] })).toMatchObject({ issues: [{ path: [list] }] });
  }
});

test('an exact set stands alone', () => {
  const rules = [{ rule: 'hostPorts' }];
  expect(wrongIn({ ...one, expect: { findings: rules, includes: rules, excludes: rules } })).toEqual([
    'cases[0].expect.includes: cannot stand beside findings, which names them all',
    'cases[0].expect.excludes: cannot stand beside findings, which names them all',
  ]);
});

test('an unknown field, a misspelt rule and a name that stands twice are named by their path', () => {
  expect(parsePolicyTest({ ...document, polices: [] })).toEqual({
    issues: [{ path: ['polices'], message: 'is not a known field' }],
  });
  expect(wrongIn({ ...one, operation: 'UPDATE' })).toEqual(['cases[0].operation: is not a known field']);
  expect(wrongIn({ ...one, expect: { includes: [{ rule: 'privleged', paht: 'x' }] } })).toEqual([
    'cases[0].expect.includes[0].rule: is not the id of a rule: sekisho explain lists them',
    'cases[0].expect.includes[0].paht: is not a known field',
  ]);
  expect(wrongIn(one, { ...one, name: 'b' }, one)).toEqual(['cases[2].name: is the name of cases[0] too']);
  for (const object of ['', 1, null, []]) {
    expect(wrongIn({ ...one, object })).toEqual(['cases[0].object: must be an object, or a path[#Kind/name]']);
  }
  expect(wrongIn({ ...one, namespace: 'Team A' })).toEqual(['cases[0].namespace: must be the name of a namespace']);
});
