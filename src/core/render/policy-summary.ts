import { formatPolicyVersion } from '../pod/version.ts';
import type { PodPolicy } from '../policy/pod-policy.ts';
import { groupsOf } from '../policy/policy-binding.ts';
import type { PolicyStatus } from './installation-status.ts';

/** Names that a line has room for. */
const namesTold = 3;

/** What a policy wants, in one line: mode, level and other sections, where. */
export function summarizePolicy(policy: PodPolicy): Pick<PolicyStatus, 'mode' | 'level' | 'sections' | 'namespaces'> {
  const { mode, podSecurity, match } = policy.spec;
  const { include, exclude } = match.namespaces;
  const namespaces = [
    include.length === 0 ? '*' : some(include),
    ...(exclude.length === 0 ? [] : [`!(${some(exclude)})`]),
    ...(match.namespaceSelector === undefined ? [] : ['{namespaceSelector}']),
  ].join(' ');
  const level = podSecurity && `${podSecurity.level}:${formatPolicyVersion(podSecurity.version)}`;
  const sections = groupsOf(policy).map(([group]) => group);
  return { mode, namespaces, ...(level !== undefined && { level }), ...(sections.length > 0 && { sections }) };
}

function some(names: readonly string[]): string {
  const rest = names.length - namesTold;
  return [...names.slice(0, namesTold), ...(rest > 0 ? [`+${rest}`] : [])].join(', ');
}
