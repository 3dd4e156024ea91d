import { coversGlob, globsOverlap } from '../pod/glob.ts';
import type { LabelSelector, NamespaceMatch, PolicyMatch } from './match.ts';

const everything = ['*'];

function included({ include }: NamespaceMatch): readonly string[] {
  return include.length === 0 ? everything : include;
}

/** Whether no name is left after what is excluded. */
export function isExcluded(pattern: string, { exclude }: NamespaceMatch): boolean {
  return exclude.some((excluding) => coversGlob(excluding, pattern));
}

/**
 * Whether two matches of namespaces have a name in common. Of patterns that overlap only in what a third one excludes it
 * is said too: that is rare, and who reads it sees why.
 */
export function namespacesOverlap(a: NamespaceMatch, b: NamespaceMatch): boolean {
  const left = included(a).filter((pattern) => !isExcluded(pattern, a) && !isExcluded(pattern, b));
  const right = included(b).filter((pattern) => !isExcluded(pattern, a) && !isExcluded(pattern, b));
  return left.some((one) => right.some((other) => globsOverlap(one, other)));
}

/** Whether an object can be matched by both. */
export function matchesOverlap(a: PolicyMatch, b: PolicyMatch): boolean {
  return (
    namespacesOverlap(a.namespaces, b.namespaces) &&
    contradictedKey(a.namespaceSelector, b.namespaceSelector) === undefined &&
    contradictedKey(a.objectSelector, b.objectSelector) === undefined
  );
}

type Requirement = LabelSelector['matchExpressions'][number];

function requirementsOf(selector: LabelSelector | undefined): readonly Requirement[] {
  const exact = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  );
  return [...exact, ...(selector?.matchExpressions ?? [])];
}

/** The key of a label for which selectors, taken together, leave no value, not even its absence. */
export function contradictedKey(...selectors: readonly (LabelSelector | undefined)[]): string | undefined {
  const byKey = Map.groupBy(selectors.flatMap(requirementsOf), ({ key }) => key);
  return [...byKey].find(([, requirements]) => isContradiction(requirements))?.[0];
}

function isContradiction(requirements: readonly Requirement[]): boolean {
  const of = (operator: Requirement['operator']) => requirements.filter((each) => each.operator === operator);
  const needed = of('In');
  const mustExist = needed.length + of('Exists').length > 0;
  if (mustExist && of('DoesNotExist').length > 0) return true;
  const [first, ...rest] = needed;
  if (first === undefined) return false;
  const forbidden = new Set(of('NotIn').flatMap(({ values }) => values));
  return !first.values.some((value) => !forbidden.has(value) && rest.every(({ values }) => values.includes(value)));
}
