import { matchesGlob } from '../pod/glob.ts';
import type { LabelSelector, NamespaceMatch } from './match.ts';
import type { PodPolicy } from './pod-policy.ts';

/**
 * Nobody needs to know how many more there are; and where every policy matches every namespace, one policy more would
 * otherwise change what is said of all the others.
 */
export const mostOverlaps = 10;

/** By name, with how many others (as far as they are counted) a policy shares namespaces. */
export function countOverlaps(policies: readonly PodPolicy[]): ReadonlyMap<string, number> {
  const asking = policies
    .filter(({ spec }) => spec.podSecurity !== undefined && spec.podSecurity.level !== 'privileged')
    .map((policy) => ({ policy, count: 0 }));
  for (const [index, a] of asking.entries()) {
    for (const b of asking.slice(index + 1)) {
      if (a.count >= mostOverlaps && b.count >= mostOverlaps) continue;
      if (!mayShareNamespaces(a.policy, b.policy)) continue;
      a.count++;
      b.count++;
    }
  }
  return new Map(asking.map(({ policy, count }) => [policy.metadata.name, Math.min(count, mostOverlaps)]));
}

/** Whether there may be a namespace in which both have a say; where labels decide, only what contradicts itself is no. */
export function mayShareNamespaces({ spec: a }: PodPolicy, { spec: b }: PodPolicy): boolean {
  if (contradict(a.match.namespaceSelector, b.match.namespaceSelector)) return false;
  const excluded = [...a.match.namespaces.exclude, ...b.match.namespaces.exclude];
  return includedBy(a.match.namespaces).some((pattern) =>
    includedBy(b.match.namespaces).some(
      (other) => mayBothMatch(pattern, other) && !excluded.some((glob) => covers(glob, pattern) || covers(glob, other)),
    ),
  );
}

function includedBy({ include }: NamespaceMatch): readonly string[] {
  return include.length === 0 ? ['*'] : include;
}

/** Whether a pattern matches all that another does: as a text, since only its own `*` can match the other's. */
function covers(glob: string, pattern: string): boolean {
  return matchesGlob(glob, pattern);
}

/** Whether a name can match both: between their first and last `*` there is room for whatever either wants. */
function mayBothMatch(a: string, b: string): boolean {
  if (!a.includes('*')) return matchesGlob(b, a);
  if (!b.includes('*')) return matchesGlob(a, b);
  const heads = [a.slice(0, a.indexOf('*')), b.slice(0, b.indexOf('*'))] as const;
  const tails = [a.slice(a.lastIndexOf('*') + 1), b.slice(b.lastIndexOf('*') + 1)] as const;
  return (
    (heads[0].startsWith(heads[1]) || heads[1].startsWith(heads[0])) &&
    (tails[0].endsWith(tails[1]) || tails[1].endsWith(tails[0]))
  );
}

function contradict(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return Object.entries(a.matchLabels).some(
    ([key, value]) => Object.hasOwn(b.matchLabels, key) && b.matchLabels[key] !== value,
  );
}
