import { describe, expect, test } from 'vitest';
import { matchesNamespace } from '../../../src/core/policy/matching.ts';
import { countOverlaps, mayShareNamespaces, mostOverlaps } from '../../../src/core/policy/overlaps.ts';
import { apiVersion, type PodPolicy, podPolicySchema } from '../../../src/core/policy/pod-policy.ts';

let made = 0;
function policy(match: object, podSecurity: object | undefined = { level: 'baseline' }): PodPolicy {
  const metadata = { name: `policy-${made++}` };
  return podPolicySchema.parse({ apiVersion, kind: 'PodPolicy', metadata, spec: { match, podSecurity } });
}
const of = (include: readonly string[], exclude: readonly string[] = []) =>
  policy({ namespaces: { include, exclude } });

describe('two policies may share a namespace', () => {
  test.each([
    [[], []],
    [['team-*'], []],
    [['team-*'], ['*-prod']],
    [['team-a'], ['team-*']],
    [
      ['x', 'shop'],
      ['shop', 'y'],
    ],
    [['a*b*c'], ['a*c']],
  ])('%j and %j', (a, b) => {
    expect([mayShareNamespaces(of(a), of(b)), mayShareNamespaces(of(b), of(a))]).toEqual([true, true]);
  });

  test.each([
    [['team-a'], ['team-b']],
    [['team-*'], ['shop-*']],
    [['*-prod'], ['*-test']],
    [['team-*'], ['shop']],
  ])('but not %j and %j', (a, b) => {
    expect([mayShareNamespaces(of(a), of(b)), mayShareNamespaces(of(b), of(a))]).toEqual([false, false]);
  });

  test('unless one excludes what the other includes', () => {
    expect(mayShareNamespaces(of([], ['team-*']), of(['team-a', 'team-b-*']))).toBe(false);
    expect(mayShareNamespaces(of([], ['team-a']), of(['team-*']))).toBe(true);
  });

  test('unless their selectors want different values of one label', () => {
    const labelled = (matchLabels: object) => policy({ namespaceSelector: { matchLabels } });
    expect(mayShareNamespaces(labelled({ stage: 'test' }), labelled({ stage: 'production' }))).toBe(false);
    expect(mayShareNamespaces(labelled({ stage: 'test' }), labelled({ team: 'a' }))).toBe(true);
    expect(mayShareNamespaces(labelled({ constructor: 'a' }), labelled({ team: 'a' }))).toBe(true);
  });

  test('wherever a name is found that both match', () => {
    const globs = ['*', 'a', 'ab', 'a*', '*b', 'a*b', '*a*', 'b*a', 'ba*', '*ab'];
    const names = ['a', 'b', 'ab', 'ba', 'aab', 'aba', 'bab', 'bba', 'abab', 'baab', 'abba', 'ababab'];
    for (const include of globs)
      for (const other of globs)
        for (const exclude of [[], ['a*'], ['ab']]) {
          const [a, b] = [of([include]), of([other], exclude)];
          const shared = names.some((name) => matchesNamespace(a, name) && matchesNamespace(b, name));
          if (shared)
            expect([include, other, exclude, mayShareNamespaces(a, b)]).toEqual([include, other, exclude, true]);
        }
  });
});

describe('the others that a policy overlaps', () => {
  test('are counted, unless they ask nothing', () => {
    const all = [of(['team-*']), of(['team-a']), of(['shop']), policy({}, { level: 'privileged' })];
    expect([...countOverlaps(all).values()]).toEqual([1, 1, 0]);
    const none = podPolicySchema.parse({ apiVersion, kind: 'PodPolicy', metadata: { name: 'empty' }, spec: {} });
    expect(countOverlaps([none, ...all]).has('empty')).toBe(false);
  });

  test('are counted up to a bound, so that one more does not change what is said of a thousand', () => {
    const thousand = Array.from({ length: 1_000 }, () => of([]));
    const counts = new Set(countOverlaps(thousand).values());
    expect([...counts]).toEqual([mostOverlaps]);
  });
});
