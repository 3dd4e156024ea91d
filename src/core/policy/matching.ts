import { matchesGlob } from '../pod/glob.ts';
import type { PodPolicy } from './pod-policy.ts';

/** Whether a policy has a say in a namespace: included (no list means all) and not excluded. */
export function matchesNamespace(policy: PodPolicy, namespace: string): boolean {
  const { include, exclude } = policy.spec.match.namespaces;
  const names = (pattern: string): boolean => matchesGlob(pattern, namespace);
  return (include.length === 0 || include.some(names)) && !exclude.some(names);
}
