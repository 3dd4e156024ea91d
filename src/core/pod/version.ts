/**
 * A version of the Pod Security Standards: the minor number of Kubernetes v1.N, or `latest`. Standards change with
 * Kubernetes' minor versions, so that a cluster's upgrade does not tighten a namespace that pinned a version.
 */
export type PolicyVersion = number | 'latest';

/** The newest minor version whose rules this build knows. A newer one counts as this one, as upstream's evaluator does. */
export const newestMinor = 37;

/** `latest` or `v1.N`. */
export const policyVersionPattern = /^(?:latest|v1\.(0|[1-9][0-9]{0,5}))$/;

/** Reads `latest` or `v1.N` exactly as upstream's `ParseVersion` (api/helpers.go); anything else is undefined. */
export function parsePolicyVersion(text: string): PolicyVersion | undefined {
  if (text === 'latest') return 'latest';
  const match = policyVersionPattern.exec(text);
  return match === null ? undefined : Number(match[1]);
}

export function formatPolicyVersion(version: PolicyVersion): string {
  return version === 'latest' ? 'latest' : `v1.${version}`;
}

/** The minor version whose rules apply: `latest` and what is newer than we know mean the newest. */
export function effectiveMinor(version: PolicyVersion): number {
  return version === 'latest' ? newestMinor : Math.min(version, newestMinor);
}
