import { matchesGlob } from '../pod/glob.ts';
import { selects, selectsAll, selectsByKnown } from './label-selector.ts';
import { type NamespaceView, nameLabel } from './namespace.ts';
import type { PodPolicy } from './pod-policy.ts';
import type { Occasion } from './policy-set.ts';

/** No namespace has a longer name; a pattern would take seconds to be held against what a liar sends. */
export const longestNamespace = 63;

type NamespacePatterns = PodPolicy['spec']['match']['namespaces'];

/** `unknown`: that hangs on labels that nobody could read. */
export type NamespaceMatching = 'matches' | 'differs' | 'unknown';

/** Whether a policy has a say in a namespace. What is excluded by name is excluded whatever its labels are. */
export function matchNamespace({ spec: { match } }: PodPolicy, namespace: NamespaceView): NamespaceMatching {
  // Whoever lies about it is judged in a namespace that nobody has, too.
  if (!meansNamespace(match.namespaces, namespace.name.slice(0, longestNamespace + 1))) return 'differs';
  if (match.namespaceSelector === undefined) return 'matches';
  const matches =
    namespace.labels === undefined || namespace.assumed
      ? selectsByKnown(match.namespaceSelector, new Map([[nameLabel, namespace.name]]))
      : selects(match.namespaceSelector, namespace.labels);
  if (matches === undefined) return 'unknown';
  return matches ? 'matches' : 'differs';
}

/** Whether patterns of names mean a namespace; without an `include` all but the excluded are meant. */
export function meansNamespace({ include, exclude }: NamespacePatterns, namespace: string): boolean {
  const names = (pattern: string): boolean => matchesGlob(pattern, namespace);
  return (include.length === 0 || include.some(names)) && !exclude.some(names);
}

/** Whether a policy's say hangs on more than the namespace. */
export function hasRequestConditions({ spec: { match } }: PodPolicy): boolean {
  const { objectSelector, runtimeClasses, users } = match;
  const selective = objectSelector !== undefined && !selectsAll(objectSelector);
  return selective || runtimeClasses.exclude.length > 0 || users.exclude.length > 0;
}

/** Whether a policy that has a say in the namespace has one in this request. */
export function matchesRequest({ spec: { match } }: PodPolicy, occasion: Occasion): boolean {
  const { objectSelector, runtimeClasses, users } = match;
  if (isNamed(users.exclude, occasion.user)) return false;
  if (runtimeClasses.exclude.length > 0 && isNamed(runtimeClasses.exclude, occasion.runtimeClass())) return false;
  return objectSelector === undefined || selects(objectSelector, occasion.labels());
}

/** Longer than any name that an API server sends; a pattern would take long to be held against what a liar sends. */
const longestName = 1024;

/** A name that is absent or empty is nobody's: `*` does not mean it, as upstream's exemptions do not. */
function isNamed(patterns: readonly string[], name: string | undefined): boolean {
  if (name === undefined || name === '' || name.length > longestName) return false;
  return patterns.some((pattern) => matchesGlob(pattern, name));
}
