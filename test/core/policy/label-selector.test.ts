import { describe, expect, test } from 'vitest';
import { selects, selectsByKnown } from '../../../src/core/policy/label-selector.ts';
import { labelSelector } from '../../../src/core/policy/match.ts';

const selector = (value: unknown) => labelSelector.parse(value);
const labels = (object: Record<string, string>) => new Map(Object.entries(object));
const line = (operator: string, values: readonly string[] = [], key = 'tier') =>
  selector({ matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }] });

/* The truth table of `Requirement.Matches` (apimachinery/pkg/labels/selector.go). */
describe.each([
  ['In', ['web', 'db'], { equal: true, other: false, empty: false, absent: false }],
  ['In', [''], { equal: false, other: false, empty: true, absent: false }],
  ['NotIn', ['web', 'db'], { equal: false, other: true, empty: true, absent: true }],
  ['NotIn', [''], { equal: true, other: true, empty: false, absent: true }],
  ['Exists', [], { equal: true, other: true, empty: true, absent: false }],
  ['DoesNotExist', [], { equal: false, other: false, empty: false, absent: true }],
] as const)('%s %j', (operator, values, holds) => {
  test.each([
    ['equal', { tier: 'web' }],
    ['other', { tier: 'job' }],
    ['empty', { tier: '' }],
    ['absent', { app: 'web' }],
  ] as const)('where the label is %s', (state, there) => {
    expect(selects(line(operator, values), labels(there as Record<string, string>))).toBe(holds[state]);
  });
});

describe('a selector', () => {
  test('without lines selects everything, also what has no label', () => {
    expect(selects(selector({}), labels({}))).toBe(true);
  });

  test('wants all of its lines', () => {
    const both = selector({ matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'Exists' }] });
    expect(selects(both, labels({ a: '1', b: '' }))).toBe(true);
    expect(selects(both, labels({ a: '2', b: '' }))).toBe(false);
    expect(selects(both, labels({ a: '1' }))).toBe(false);
  });

  test('wants exactly the value of matchLabels, also where that is empty', () => {
    expect(selects(selector({ matchLabels: { a: '' } }), labels({ a: '' }))).toBe(true);
    expect(selects(selector({ matchLabels: { a: '' } }), labels({}))).toBe(false);
    expect(selects(selector({ matchLabels: { a: 'x' } }), labels({ a: 'X' }))).toBe(false);
  });

  test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])('takes %s for a label like any other', (key) => {
    expect(selects(line('Exists', [], key), labels({}))).toBe(false);
    expect(selects(line('DoesNotExist', [], key), labels({}))).toBe(true);
    expect(selects(selector({ matchLabels: { [key]: 'x' } }), labels({}))).toBe(false);
    expect(selects(selector({ matchLabels: { [key]: 'x' } }), labels({ [key]: 'x' }))).toBe(true);
  });
});

describe('where only the name of a namespace is known', () => {
  const known = labels({ 'kubernetes.io/metadata.name': 'shop' });
  const named = { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] };
  const elsewhere = { ...named, operator: 'NotIn' };
  const tier = { key: 'tier', operator: 'DoesNotExist' };

  test.each([
    ['what hangs on the name alone is known', [named], true],
    ['what the name excludes is known', [elsewhere], false],
    ['what the name excludes needs no other label', [tier, elsewhere], false],
    ['what hangs on another label is not', [named, tier], undefined],
    ['nothing to ask is known', [], true],
  ])('%s', (_what, matchExpressions, verdict) => {
    expect(selectsByKnown(selector({ matchExpressions }), known)).toBe(verdict);
  });
});

describe('a line that Kubernetes would refuse is refused', () => {
  test.each([
    ['In', [], 'must be given with In'],
    ['NotIn', [], 'must be given with NotIn'],
    ['Exists', ['x'], 'must be left out with Exists'],
    ['DoesNotExist', [''], 'must be left out with DoesNotExist'],
  ])('%s with values %j', (operator, values, message) => {
    const parsed = labelSelector.safeParse({ matchExpressions: [{ key: 'tier', operator, values }] });
    expect(parsed.error?.issues).toMatchObject([{ path: ['matchExpressions', 0, 'values'], message }]);
  });
});
