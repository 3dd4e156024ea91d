import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { assess, evaluate } from '../../../src/core/engine/assess.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import type { BoundRule } from '../../../src/core/policy/bound-rule.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { type Facts, noFacts } from '../../../src/core/rules/facts.ts';
import { defineRule, type Rule } from '../../../src/core/rules/rule.ts';
import { builtin, containerWith, occasionIn, podWith, workloadNamed } from '../../admission-requests.ts';

const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' };
const view = (object: unknown) => {
  const pod = podViewOf(object, workloadNamed('Pod'), reference);
  if (pod === undefined) throw new Error('no pod');
  return pod;
};

const texts = { en: 'must be known', ja: '分かっていなければなりません' };

function ruleOf(check: Rule['versions'][0]['check'], more: Partial<Rule> = {}): Rule {
  return defineRule({
    id: 'example',
    severity: 'high',
    references: {},
    title: texts,
    why: texts,
    fix: texts,
    messages: { known: texts },
    params: z.strictObject({}),
    versions: [{ since: '1.0', check }],
    examples: { allowed: [{}], violating: [{ violates: [] }] },
    ...more,
  });
}

function bind(rule: Rule, mode: BoundRule['mode'] = 'Enforce', policy = 'production'): BoundRule {
  return { policy, rule, version: rule.versions[0], params: {}, mode, exclusions: [] };
}

describe('a rule that throws', () => {
  const broken = ruleOf(() => {
    throw new Error('out of cheese');
  });

  test('is a finding with its mode and hides nothing', () => {
    const restricted = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' }).rulesFor(
      occasionIn('shop'),
    ).rules;
    const decision = evaluate(view(podWith({ hostPID: true })), [bind(broken, 'Audit'), ...restricted], noFacts);
    expect(decision.allowed).toBe(false);
    expect(decision.findings.map(({ rule, mode, error }) => [rule.id, mode, error])).toEqual([
      ['hostNamespaces', 'Enforce', undefined],
      ['example', 'Audit', true],
    ]);
    expect(evaluate(view(podWith()), [bind(broken)], noFacts).allowed).toBe(false);
  });

  test('is never excused: nobody knows what it would have found', () => {
    const bound = { ...bind(broken), exclusions: [{ rules: ['example'] }] };
    expect(evaluate(view(podWith()), [bound], noFacts).allowed).toBe(false);
  });
});

describe('facts', () => {
  const image = (container: { image?: string }) => container.image ?? '';
  const needy = ruleOf(
    function* (pod, _params, facts) {
      for (const { path, container } of pod.containers) {
        const fact = facts.get(image(container));
        if (fact === undefined || 'unavailable' in fact) yield { path: [...path, 'image'], message: 'known' };
      }
    },
    {
      *needs(pod) {
        for (const { container } of pod.containers) yield { key: image(container) };
      },
    },
  );
  const pod = view(podWith({ containers: [containerWith({}, 'a'), containerWith({}, 'b')] }));

  test('are gathered before the verdict, each question once', async () => {
    const asked: string[] = [];
    const gather = async (requests: readonly { key: string }[]): Promise<Facts> => {
      asked.push(...requests.map(({ key }) => key));
      return new Map(requests.map(({ key }) => [key, { value: true }]));
    };
    const decision = assess(pod, [bind(needy), bind(needy, 'Warn', 'other')], { gather });
    expect(decision).toBeInstanceOf(Promise);
    expect((await decision).allowed).toBe(true);
    expect(asked).toEqual(['registry.example.com/app:1.0']);
  });

  test('nobody waits where no rule needs any', () => {
    const gather = async (): Promise<Facts> => {
      throw new Error('asked for nothing');
    };
    expect(assess(pod, [bind(ruleOf(() => []))], { gather })).toEqual({ allowed: true, findings: [] });
  });
});

test('two policies that ask the same make the rule look once', () => {
  let looks = 0;
  const rule = ruleOf(function* () {
    looks++;
    yield { path: ['spec', 'x'], message: 'known' };
  });
  const params = {};
  const bound = ['a', 'b', 'c'].map((policy) => ({ ...bind(rule, 'Enforce', policy), params }));
  const { findings } = evaluate(view(podWith()), bound, noFacts);
  expect(looks).toBe(1);
  expect(findings.map(({ policy }) => policy)).toEqual(['a', 'b', 'c']);
});

test('findings come in one order: mode, severity, rule, field, policy', () => {
  const pod = view(
    podWith({ hostPID: true, hostIPC: true, containers: [containerWith({ securityContext: { privileged: true } })] }),
  );
  const rules = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' }).rulesFor(
    occasionIn('shop'),
  ).rules;
  const order = (list: readonly BoundRule[]) => evaluate(pod, list, noFacts).findings.map(({ path }) => path.join('.'));
  expect(order([...rules].reverse())).toEqual(order(rules));
  expect(order(rules)[0]).toBe('spec.containers.0.securityContext.privileged');
});
