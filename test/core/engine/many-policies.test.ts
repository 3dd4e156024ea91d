import { expect, test } from 'vitest';
import { evaluate } from '../../../src/core/engine/assess.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import type { PodPolicy } from '../../../src/core/policy/pod-policy.ts';
import type { PodPolicyException } from '../../../src/core/policy/pod-policy-exception.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { podSecurityRules } from '../../../src/core/rules/index.ts';
import { examplePod } from '../../../src/core/rules/minimal-pod.ts';
import { exceptionOf, occasionIn, policyOf, workloadNamed } from '../../admission-requests.ts';

/** Enough for rules to be asked in runs; levels, versions, modes and exclusions differ. */
const policies = Array.from({ length: 30 }, (_, index) =>
  policyOf(
    {
      mode: index % 3 === 0 ? 'Enforce' : 'Warn',
      podSecurity: {
        level: index % 4 === 0 ? 'baseline' : 'restricted',
        version: ['latest', 'v1.24', 'v1.34'][index % 3],
        except: index % 5 === 0 ? [{ rules: ['capabilities_restricted'], containers: ['app'] }] : [],
      },
    },
    `policy-${String(index).padStart(2, '0')}`,
  ),
);
const examples = podSecurityRules.flatMap(({ examples: { allowed, violating } }) => [...allowed, ...violating]);

/** Some of them from a stronger rule alone, some from the weaker that it speaks for too. */
const exceptions = policies.flatMap(({ metadata: { name } }, index) => {
  const rules = ['capabilities_restricted', 'restrictedVolumes', ...(index % 2 === 0 ? ['hostPathVolumes'] : [])];
  const match = index % 4 === 3 ? { containers: ['app'] } : {};
  return index % 3 === 1 ? [exceptionOf({ policies: [{ name, rules }], match }, `exception-${index}`)] : [];
});

function foundBy(
  those: readonly PodPolicy[],
  pod: unknown,
  granted: readonly PodPolicyException[] = [],
): readonly string[] {
  const set = createPolicySet({ policies: those, exceptions: granted, ceiling: 'Enforce' });
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'pod' };
  const view = podViewOf(pod, workloadNamed('Pod'), reference);
  if (view === undefined) throw new Error('no pod');
  const found = evaluate(view, set.rulesFor(occasionIn('shop')), noFacts).findings;
  return found
    .map(({ policy, mode, rule, path, exception }) =>
      [policy, mode, rule.id, path.join('.'), exception?.name ?? ''].join(' ').trim(),
    )
    .sort();
}

test.each([0, 1, 2, 3])('many policies find together what each finds alone, in every example (%i of 4)', (part) => {
  let findings = 0;
  for (const example of examples.filter((_, index) => index % 4 === part)) {
    const pod = examplePod(example);
    const together = foundBy(policies, pod);
    expect(together).toEqual(policies.flatMap((policy) => foundBy([policy], pod)).sort());
    findings += together.length;
  }
  expect(findings).toBeGreaterThan(200);
});

test('and so they do where exceptions excuse some of it', () => {
  let excused = 0;
  let speaking = 0;
  for (const pod of examples.map(examplePod)) {
    const together = foundBy(policies, pod, exceptions);
    expect(together).toEqual(policies.flatMap((policy) => foundBy([policy], pod, exceptions)).sort());
    excused += together.filter((finding) => finding.includes(' exception-')).length;
    speaking += together.length - foundBy(policies, pod).length;
  }
  // Both must have been looked at: what is excused, and what speaks only because of it.
  expect(excused).toBeGreaterThan(100);
  expect(speaking).toBeGreaterThan(20);
}, 60_000);
