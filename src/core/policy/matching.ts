import { matchesGlob } from '../pod/glob.ts';
import { selects } from './label-selector.ts';
import type { NamespaceView } from './namespace.ts';
import type { PodPolicy } from './pod-policy.ts';

/** Whether a policy has a say in a namespace: included (no list means all) and not excluded. */
export function matchesNamespace(policy: PodPolicy, namespace: string): boolean {
  const { include, exclude } = policy.spec.match.namespaces;
  const names = (pattern: string): boolean => matchesGlob(pattern, namespace);
  return (include.length === 0 || include.some(names)) && !exclude.some(names);
}

/** `unknown`: that hangs on labels that nobody could read. */
export type NamespaceMatching = 'matches' | 'differs' | 'unknown';

/** Whether a policy has a say in a namespace. What is excluded by name is excluded whatever its labels are. */
export function matchNamespace(policy: PodPolicy, { name, labels }: NamespaceView): NamespaceMatching {
  if (!matchesNamespace(policy, name)) return 'differs';
  const selector = policy.spec.match.namespaceSelector;
  if (selector === undefined) return 'matches';
  if (labels === undefined) return 'unknown';
  return selects(selector, labels) ? 'matches' : 'differs';
}
