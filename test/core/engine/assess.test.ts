import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { assess, evaluate, plan } from '../../../src/core/engine/assess.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import type { BoundRule } from '../../../src/core/policy/bound-rule.ts';
import type { AskedRules } from '../../../src/core/policy/bound-rules.ts';
import { noExceptions } from '../../../src/core/policy/exceptions.ts';
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

const asking = (...rules: readonly BoundRule[]): AskedRules => ({ rules, exceptions: noExceptions });

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
    const decision = evaluate(view(podWith({ hostPID: true })), asking(bind(broken, 'Audit'), ...restricted), noFacts);
    expect(decision.allowed).toBe(false);
    expect(decision.findings.map(({ rule, mode, error }) => [rule.id, mode, error])).toEqual([
      ['hostNamespaces', 'Enforce', undefined],
      ['example', 'Audit', true],
    ]);
    expect(evaluate(view(podWith()), asking(bind(broken)), noFacts).allowed).toBe(false);
  });

  test('is never excused: nobody knows what it would have found', () => {
    const bound = { ...bind(broken), exclusions: [{ rules: ['example'] }] };
    expect(evaluate(view(podWith()), asking(bound), noFacts).allowed).toBe(false);
  });
});

describe('facts', () => {
  const image = (container: { image?: string }) => container.image ?? '';
  const needy = ruleOf(
    (pod, { report, facts }) => {
      for (const { path, container } of pod.containers) {
        const fact = facts.get(image(container));
        if (fact === undefined || 'unavailable' in fact) report({ path: [...path, 'image'], message: 'known' });
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
    const decision = assess(pod, asking(bind(needy), bind(needy, 'Warn', 'other')), { gather });
    expect(decision).toBeInstanceOf(Promise);
    expect((await decision).allowed).toBe(true);
    expect(asked).toEqual(['registry.example.com/app:1.0']);
  });

  test('are not gathered for a rule that another one speaks for, unless that may be excused', async () => {
    const gather = async (requests: readonly { key: string }[]): Promise<Facts> =>
      new Map(requests.map(({ key }) => [key, { value: false }]));
    const violated = ruleOf((_pod, { report }) => report({ path: ['spec', 'x'], message: 'known' }), {
      id: 'stronger',
    });
    const stronger = bind(violated);
    const weaker = { ...bind(needy), silencedBy: stronger };
    const excuse = { excuse: { name: 'legacy' }, match: { namespaces: { include: [], exclude: [] } } };
    const exceptions = (rule: string) => new Map([['production', new Map([[rule, [excuse]]])]]);
    for (const asked of [asking(stronger, weaker), { rules: [stronger, weaker], exceptions: exceptions('example') }]) {
      expect(plan(pod, asked)).toEqual([]);
      expect(assess(pod, asked, { gather })).toMatchObject({ allowed: false });
    }
    const excused = { rules: [stronger, weaker], exceptions: exceptions('stronger') };
    expect(plan(pod, excused)).toHaveLength(1);
    expect((await assess(pod, excused, { gather })).findings).toMatchObject([{ exception: { name: 'legacy' } }]);
    const excluding = { ...stronger, exclusions: [{ rules: ['stronger'], containers: ['a'] }] };
    expect(plan(pod, asking(excluding, { ...weaker, silencedBy: excluding }))).toHaveLength(1);
  });

  test('nobody waits where no rule needs any', () => {
    const gather = async (): Promise<Facts> => {
      throw new Error('asked for nothing');
    };
    expect(assess(pod, asking(bind(ruleOf(() => {}))), { gather })).toEqual({ allowed: true, findings: [] });
  });
});

test('two policies that ask the same make the rule look once', () => {
  let looks = 0;
  const rule = ruleOf((_pod, { report }) => {
    looks++;
    report({ path: ['spec', 'x'], message: 'known' });
  });
  const params = {};
  const bound = ['a', 'b', 'c'].map((policy) => ({ ...bind(rule, 'Enforce', policy), params }));
  const { findings } = evaluate(view(podWith()), asking(...bound), noFacts);
  expect(looks).toBe(1);
  expect(findings.map(({ policy }) => policy)).toEqual(['a', 'b', 'c']);
});

test('a rule that another one speaks for hides none of those that ask the same, wherever it stands', () => {
  const stronger = bind(ruleOf(() => {}));
  const violated = ruleOf((_pod, { report }) => report({ path: ['spec', 'x'], message: 'known' }));
  const params = {};
  // Many, so that they are passed over in runs.
  const rules = Array.from({ length: 200 }, (_, index) => {
    const weaker = { ...bind(violated, 'Enforce', `policy-${index}`), params };
    return index % 2 === 0 ? { ...weaker, silencedBy: stronger } : weaker;
  });
  expect(evaluate(view(podWith()), asking(stronger, ...rules), noFacts).findings).toHaveLength(100);
});

test('findings come in one order: mode, severity, rule, field, policy', () => {
  const pod = view(
    podWith({ hostPID: true, hostIPC: true, containers: [containerWith({ securityContext: { privileged: true } })] }),
  );
  const rules = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' }).rulesFor(
    occasionIn('shop'),
  ).rules;
  const order = (list: readonly BoundRule[]) =>
    evaluate(pod, asking(...list), noFacts).findings.map(({ path }) => path.join('.'));
  expect(order([...rules].reverse())).toEqual(order(rules));
  expect(order(rules)[0]).toBe('spec.containers.0.securityContext.privileged');
});
