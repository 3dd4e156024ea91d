import { describe, expect, test } from 'vitest';
import { parsePodPolicyException } from '../../../src/core/policy/pod-policy-exception.ts';
import { type BoundRules, createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { excusesIn, occasionIn, policyOf } from '../../admission-requests.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } });

function exceptionOf(name: string, match: object) {
  const parsed = parsePodPolicyException({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicyException',
    metadata: { name },
    spec: {
      policies: [{ name: 'production', rules: ['hostPorts'] }],
      match,
      reason: 'until spring',
      expiresAt: '2026-12-22T00:00:00Z',
    },
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.exception;
}

describe('namespaces where exceptions hold', () => {
  const teams = ['a', 'b'].map((team) => exceptionOf(`team-${team}`, { namespaces: { include: [`${team}-*`] } }));
  const set = createPolicySet({ policies: [policy], exceptions: teams, ceiling: 'Enforce' });
  const rulesIn = (namespace: string) => set.rulesFor(occasionIn(namespace, { now })).rules;
  const namesOf = (bound: BoundRules) => excusesIn(bound).map(({ name }) => name);
  const namesIn = (namespace: string) => namesOf(set.rulesFor(occasionIn(namespace, { now })));

  test('share what is asked there, however many they are, where the same exceptions do', () => {
    const all = Array.from({ length: 1_000 }, (_, index) => rulesIn(`a-${index}`));
    expect(new Set(all).size).toBe(1);
  });

  test('are told apart where other exceptions hold, or none', () => {
    expect(namesIn('a-1')).toEqual(['team-a']);
    expect(namesIn('b-1')).toEqual(['team-b']);
    expect(namesIn('c-1')).toEqual([]);
  });

  test('are told apart by names of exceptions that cover the same', () => {
    const [first] = teams;
    if (first === undefined) throw new Error('no exception');
    const excusesUnder = (name: string) => {
      const exceptions = [{ ...first, metadata: { name } }];
      const one = createPolicySet({ policies: [policy], exceptions, ceiling: 'Enforce' });
      return namesOf(one.rulesFor(occasionIn('a-1', { now })));
    };
    expect(excusesUnder('one')).toEqual(['one']);
    expect(excusesUnder('other')).toEqual(['other']);
  });
});
