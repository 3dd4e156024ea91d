import { newestMinor, parsePolicyVersion } from '../pod/version.ts';
import { apiVersion, type PodPolicy, podPolicySchema } from './pod-policy.ts';

/** Where a policy may be named instead of read from a file: `builtin:restricted`, `builtin:baseline@v1.34`. */
export const builtinPrefix = 'builtin:';

const pattern = /^builtin:(baseline|restricted)(?:@(.+))?$/;

/**
 * The policy that a `builtin:` name means: one level of the Pod Security Standards, enforced in every namespace.
 * Undefined for a name that does not exist. The policy bears that name: with its colon it can clash with no object's.
 */
export function builtinPolicy(source: string): PodPolicy | undefined {
  const match = pattern.exec(source);
  if (match === null) return undefined;
  const [, level, version = 'latest'] = match;
  const parsed = parsePolicyVersion(version);
  if (parsed === undefined || (parsed !== 'latest' && parsed > newestMinor)) return undefined;
  const spec = { mode: 'Enforce', podSecurity: { level, version } };
  const policy = podPolicySchema.parse({ apiVersion, kind: 'PodPolicy', metadata: { name: 'builtin' }, spec });
  return { ...policy, metadata: { name: source } };
}
