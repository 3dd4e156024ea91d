import { matchesOverlap } from './match-overlap.ts';
import type { PodPolicy } from './pod-policy.ts';

/**
 * Nobody needs to know how many more there are; and where every policy matches every namespace, one policy more would
 * otherwise change what is said of all the others.
 */
export const mostOverlaps = 10;

/** By name, with how many others (as far as they are counted) a policy may have a say in the same objects. */
export function countOverlaps(policies: readonly PodPolicy[]): ReadonlyMap<string, number> {
  const asking = policies
    .filter(({ spec }) => spec.podSecurity !== undefined && spec.podSecurity.level !== 'privileged')
    .map((policy) => ({ policy, count: 0 }));
  for (const [index, a] of asking.entries()) {
    for (const b of asking.slice(index + 1)) {
      if (a.count >= mostOverlaps && b.count >= mostOverlaps) continue;
      if (!matchesOverlap(a.policy.spec.match, b.policy.spec.match)) continue;
      a.count++;
      b.count++;
    }
  }
  return new Map(asking.map(({ policy, count }) => [policy.metadata.name, Math.min(count, mostOverlaps)]));
}
