import { matchesOverlap } from './match-overlap.ts';
import type { PodPolicy } from './pod-policy.ts';
import { groupsOf } from './policy-binding.ts';

/**
 * Nobody needs to know how many more there are; and where every policy matches every namespace, one policy more would
 * otherwise change what is said of all the others.
 */
export const mostOverlaps = 10;

interface Counted {
  readonly policy: PodPolicy;
  /** The others, as far as they are counted. */
  readonly others: Set<Counted>;
}

/** By name, with how many others (as far as they are counted) a policy may have a say in the same objects. */
export function countOverlaps(policies: readonly PodPolicy[]): ReadonlyMap<string, number> {
  const asking = policies
    .filter((policy) => asksSomething(policy))
    .map((policy): Counted => ({ policy, others: new Set() }));
  for (const [a, b] of candidates(asking)) {
    const enough = a.others.size >= mostOverlaps && b.others.size >= mostOverlaps;
    if (enough || a.others.has(b) || !matchesOverlap(a.policy.spec.match, b.policy.spec.match)) continue;
    a.others.add(b);
    b.others.add(a);
  }
  return new Map(asking.map(({ policy, others }) => [policy.metadata.name, Math.min(others.size, mostOverlaps)]));
}

function asksSomething(policy: PodPolicy): boolean {
  const { podSecurity } = policy.spec;
  return (podSecurity !== undefined && podSecurity.level !== 'privileged') || groupsOf(policy).length > 0;
}

/**
 * Pairs of which one includes a pattern that begins as a pattern of the other does. Asking each of a thousand about each
 * other takes seconds, in which a leader could not renew its lease; in the order of the alphabet, whatever begins as a
 * pattern does follows it at once.
 */
function* candidates(asking: readonly Counted[]): Generator<readonly [Counted, Counted]> {
  const starts = asking.flatMap((each) => startsOf(each.policy).map((start) => ({ start, each })));
  starts.sort((a, b) => (a.start < b.start ? -1 : Number(a.start > b.start)));
  const open: typeof starts = [];
  for (const current of starts) {
    while (open.length > 0 && !current.start.startsWith(open.at(-1)?.start ?? '')) open.pop();
    for (const { each } of open) if (each !== current.each) yield [each, current.each];
    open.push(current);
  }
}

/** What names must begin with to be included. */
function startsOf({ spec }: PodPolicy): readonly string[] {
  const { include } = spec.match.namespaces;
  return include.length === 0 ? [''] : [...new Set(include.map((pattern) => pattern.split('*', 1)[0] ?? ''))];
}
