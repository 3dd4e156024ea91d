import { expect, test } from 'vitest';
import { evaluate } from '../../../src/core/engine/assess.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import type { PodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { podSecurityRules } from '../../../src/core/rules/index.ts';
import { examplePod } from '../../../src/core/rules/minimal-pod.ts';
import { occasionIn, policyOf, workloadNamed } from '../../admission-requests.ts';

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

function foundBy(those: readonly PodPolicy[], pod: unknown): readonly string[] {
  const { rules } = createPolicySet({ policies: those, ceiling: 'Enforce' }).rulesFor(occasionIn('shop'));
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'pod' };
  const view = podViewOf(pod, workloadNamed('Pod'), reference);
  if (view === undefined) throw new Error('no pod');
  const found = evaluate(view, rules, noFacts).findings;
  return found.map(({ policy, mode, rule, path }) => `${policy} ${mode} ${rule.id} ${path.join('.')}`).sort();
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
