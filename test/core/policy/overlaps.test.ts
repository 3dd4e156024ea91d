import { describe, expect, test } from 'vitest';
import { matchesOverlap } from '../../../src/core/policy/match-overlap.ts';
import { countOverlaps, mostOverlaps } from '../../../src/core/policy/overlaps.ts';
import { apiVersion, type PodPolicy, podPolicySchema } from '../../../src/core/policy/pod-policy.ts';

let made = 0;
function policy(match: object, podSecurity: object | undefined = { level: 'baseline' }): PodPolicy {
  const metadata = { name: `policy-${made++}` };
  return podPolicySchema.parse({ apiVersion, kind: 'PodPolicy', metadata, spec: { match, podSecurity } });
}
const of = (include: readonly string[]) => policy({ namespaces: { include } });

describe('the others that a policy overlaps', () => {
  test('are counted, unless they ask nothing', () => {
    const all = [of(['team-*']), of(['team-a']), of(['shop']), policy({}, { level: 'privileged' })];
    expect([...countOverlaps(all).values()]).toEqual([1, 1, 0]);
    const none = podPolicySchema.parse({ apiVersion, kind: 'PodPolicy', metadata: { name: 'empty' }, spec: {} });
    expect(countOverlaps([none, ...all]).has('empty')).toBe(false);
  });

  test('are not those whose namespaces are excluded or have other labels', () => {
    const labelled = (stage: string) => policy({ namespaceSelector: { matchLabels: { stage } } });
    const apart = [labelled('test'), labelled('production')];
    expect([...countOverlaps(apart).values()]).toEqual([0, 0]);
    const excluding = policy({ namespaces: { exclude: ['team-*'] } });
    expect([...countOverlaps([excluding, of(['team-a'])]).values()]).toEqual([0, 0]);
  });

  test('are those that match the same namespaces, each once, however they are written', () => {
    const globs = ['*', 'a', 'ab', 'a*', '*b', 'a*b', '*a*', 'b*a', 'ba*', '*ab'];
    for (const one of globs)
      for (const two of globs)
        for (const three of globs) {
          const all = [of([one, two]), of([three, one])];
          const [first, second] = all.map(({ spec }) => spec.match);
          const expected = first && second && matchesOverlap(first, second) ? 1 : 0;
          expect([one, two, three, ...countOverlaps(all).values()]).toEqual([one, two, three, expected, expected]);
          const [apart, other] = [of([one]), of([two])];
          const count = matchesOverlap(apart.spec.match, other.spec.match) ? 1 : 0;
          expect([one, two, ...countOverlaps([apart, other]).values()]).toEqual([one, two, count, count]);
        }
  });

  test('are counted up to a bound, so that one more does not change what is said of a thousand', () => {
    const thousand = Array.from({ length: 1_000 }, () => of([]));
    const counts = new Set(countOverlaps(thousand).values());
    expect([...counts]).toEqual([mostOverlaps]);
  });
});
