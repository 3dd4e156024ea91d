import type { FieldPath } from '../pod/field-path.ts';
import { groupOf } from '../rules/groups.ts';
import { type Acceptance, acceptanceOf, acceptanceText, expiringFor } from './exceptions.ts';
import type { LintedSet, LintReason, LintWarning } from './lint.ts';
import { namespaceDoubts, whyNotAsked } from './lint-policies.ts';
import { namespacesOverlap } from './match-overlap.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';

type Doubt = readonly [path: FieldPath, reason: LintReason, message: string];

/** What an exception excuses in vain, and what it excuses beyond what its author may know. */
export function lintException(exception: PodPolicyException, set: LintedSet): readonly LintWarning[] {
  const { now, maxExceptionDuration: maxDuration } = set;
  const acceptance = acceptanceOf(exception, { policies: knownPolicies(exception, set), maxDuration, now });
  const doubts = [
    ...acceptanceDoubts(exception, acceptance),
    ...endDoubts(exception, acceptance, now),
    ...broadDoubts(acceptance),
    ...namespaceDoubts(exception.spec.match.namespaces, ['spec', 'match', 'namespaces']),
    ...idleDoubts(exception, set),
  ];
  return doubts.map(([path, reason, message]) => ({ of: exception, path, reason, message }));
}

function knownPolicies({ spec }: PodPolicyException, { policies, unread }: LintedSet): ReadonlySet<string> {
  const known = [...policies.map(nameOf), ...unread];
  // Where no policy was read there is nothing to hold names against.
  return new Set(known.length === 0 ? spec.policies.map(({ name }) => name) : known);
}

function nameOf({ metadata }: { readonly metadata: { readonly name: string } }): string {
  return metadata.name;
}

function acceptanceDoubts(exception: PodPolicyException, acceptance: Acceptance): readonly Doubt[] {
  const { reason, unknown } = acceptance;
  const text = acceptanceText(acceptance);
  if (reason === 'Accepted') return [];
  if (reason === 'Expired' || reason === 'TooLong') return [[['spec', 'expiresAt'], reason, text]];
  return exception.spec.policies.flatMap(({ name, rules }, index): readonly Doubt[] => {
    const path: FieldPath = ['spec', 'policies', index];
    if (reason === 'UnknownPolicy') return unknown.includes(name) ? [[[...path, 'name'], reason, text]] : [];
    return rules.flatMap((id, at): readonly Doubt[] =>
      unknown.includes(id) ? [[[...path, 'rules', at], reason, text]] : [],
    );
  });
}

function endDoubts({ spec }: PodPolicyException, { reason }: Acceptance, now: number): readonly Doubt[] {
  if (reason === 'Expired' || Date.parse(spec.expiresAt) - now > expiringFor) return [];
  return [[['spec', 'expiresAt'], 'ExpiresSoon', 'ends within seven days']];
}

function broadDoubts({ broad }: Acceptance): readonly Doubt[] {
  const message = 'binds no image by its digest: whoever writes an object can make it fit';
  return broad ? [[['spec', 'match'], 'Broad', message]] : [];
}

/** Rules that the policy does not ask, and policies that have no say where the exception holds. */
function idleDoubts({ spec }: PodPolicyException, { policies }: LintedSet): readonly Doubt[] {
  return spec.policies.flatMap(({ name, rules }, index): readonly Doubt[] => {
    const policy = policies.find((each) => nameOf(each) === name);
    const path: FieldPath = ['spec', 'policies', index];
    if (policy === undefined) return [];
    if (!namespacesOverlap(spec.match.namespaces, policy.spec.match.namespaces)) {
      return [[path, 'NeverMatches', `the policy ${name} has no say in any namespace that match names`]];
    }
    const labels = policy.spec.podSecurity?.namespaceLabels ?? 'Ignore';
    return rules.flatMap((id, at): readonly Doubt[] => {
      // Labels may have any rule of the standards asked in the name of the policy.
      if (labels !== 'Ignore' && groupOf(id) === undefined) return [];
      const reason = whyNotAsked(policy, id);
      const unknown = reason?.startsWith('there is no rule') === true;
      return reason === undefined || unknown ? [] : [[[...path, 'rules', at], 'NoEffect', `has no effect: ${reason}`]];
    });
  });
}
