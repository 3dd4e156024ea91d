import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/core/engine/decision.ts';
import { judge } from '../../../src/core/engine/judge.ts';
import { sharedRuntimeClass } from '../../../src/core/engine/judge-templates.ts';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { createWorkloads } from '../../../src/core/pod/workloads.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { offline } from '../../../src/io/offline.ts';
import {
  answer,
  containerSecuredWith,
  containerWith,
  type Json,
  podWith,
  policyOf,
  type ReviewOptions,
  reviewOf,
} from '../../admission-requests.ts';

const jobSet = { group: 'jobset.x-k8s.io', kind: 'JobSet', resource: 'jobsets' };
const rollout = { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts' };
const workloads = createWorkloads([
  { ...jobSet, path: 'spec.replicatedJobs[*].template.spec.template' },
  { ...rollout, path: 'spec.template' },
]);
const [jobSets] = workloads.custom;
if (jobSets === undefined) throw new Error('no JobSet');

const restricted = { mode: 'Enforce', podSecurity: { level: 'restricted' } };
const policies = [policyOf(restricted)];
const newOnly = [policyOf({ ...restricted, onUpdate: 'NewOnly' })];

const templateOf = (spec: Json): Json => ({ metadata: {}, spec: podWith(spec)['spec'] });

/** A JobSet with a job for each entry: its name, and what differs in its pod. */
function jobs(specs: readonly (readonly [string | undefined, Json])[], metadata: Json = {}): Json {
  const replicatedJobs = specs.map(([name, spec]) => {
    return { ...(name !== undefined && { name }), template: { spec: { template: templateOf(spec) } } };
  });
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: 'train', ...metadata },
    spec: { replicatedJobs },
  };
}

const onJobSet = (object: unknown, options: ReviewOptions = {}) =>
  answer(reviewOf(object, { custom: jobSet, ...options }), { policies, workloads });
const paths = (findings: readonly Finding[]) => findings.map(({ path }) => formatFieldPath(path));
const old = (findings: readonly Finding[]) => paths(findings.filter(({ preexisting }) => preexisting));
const at = (index: number, field: string) => `spec.replicatedJobs[${index}].template.spec.template.spec.${field}`;

describe('an object of a custom kind', () => {
  test('passes when all its templates do', async () => {
    const { response, findings } = await onJobSet(jobs([['a', {}] as const, ['b', {}] as const]));
    expect([response.allowed, findings]).toEqual([true, []]);
  });

  test('is denied once for all its templates, each violation with its own path', async () => {
    const object = jobs([
      ['driver', { hostPID: true }],
      ['good', {}],
      ['workers', { hostNetwork: true, containers: [containerSecuredWith({ privileged: true })] }],
    ]);
    const { response, findings } = await onJobSet(object);
    expect(response.allowed).toBe(false);
    expect([...paths(findings)].sort()).toEqual([
      at(0, 'hostPID'),
      at(2, 'containers[0].securityContext.privileged'),
      at(2, 'hostNetwork'),
    ]);
    const [heading, ...lines] = response.status?.message.split('\n') ?? [];
    expect(heading).toBe('JobSet shop/train: 3 violations of policy production');
    for (const path of paths(findings)) expect(lines.join('\n')).toContain(path);
    expect(response.status?.details).toMatchObject({ group: 'jobset.x-k8s.io', kind: 'jobsets', name: 'train' });
  });

  test('is not judged where no settings name its kind', async () => {
    const review = reviewOf(jobs([['a', { hostPID: true }]]), { custom: jobSet });
    expect((await answer(review, { policies })).response.allowed).toBe(true);
  });

  test('has no patch in its denial: kubectl applies none to custom kinds', async () => {
    const template = templateOf({ containers: [containerWith({ securityContext: undefined })] });
    const object = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web' },
      spec: { template },
    };
    const custom = await answer(reviewOf(object, { custom: rollout }), { policies, workloads });
    const builtin = await answer(reviewOf(object, { kind: 'Deployment' }), { policies });
    expect(builtin.response.status?.message).toMatch(/These changes satisfy/);
    expect(custom.response.status?.message).not.toMatch(/These changes satisfy|\{/);
    expect(paths(custom.findings)).toEqual(paths(builtin.findings));
  });

  test.each([
    ['no list', { spec: {} }],
    ['an empty list', jobs([])],
    ['a list of nothing', { spec: { replicatedJobs: null } }],
    ['no template', { spec: { replicatedJobs: [{ name: 'a' }] } }],
  ])('with %s passes', async (_what, object) => {
    expect((await onJobSet(object)).response.allowed).toBe(true);
  });

  test('whose template stands in another object passes, and so does the empty one that Go clients send of it', async () => {
    const reference = { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };
    const empty = { metadata: { creationTimestamp: null }, spec: { containers: null } };
    for (const spec of [reference, { ...reference, template: empty }]) {
      const { response } = await answer(reviewOf({ metadata: { name: 'web' }, spec }, { custom: rollout }), {
        policies,
        workloads,
      });
      expect(response.allowed).toBe(true);
    }
  });

  test.each([
    ['a map for the list', { spec: { replicatedJobs: { a: {} } } }, 'spec.replicatedJobs must be a list'],
    ['null for an item', { spec: { replicatedJobs: [null] } }, 'spec.replicatedJobs[0] is missing'],
    [
      'text for a template',
      { spec: { replicatedJobs: [{ template: { spec: { template: 'x' } } }] } },
      'spec.replicatedJobs[0].template.spec.template must be an object',
    ],
    [
      'a template without spec',
      { spec: { replicatedJobs: [{ template: { spec: { template: {} } } }] } },
      'spec.replicatedJobs[0].template.spec.template.spec is missing',
    ],
    [
      'containers that are no list',
      jobs([['a', {}] as const, ['b', { containers: {} }] as const]),
      at(1, 'containers must be a list'),
    ],
  ])('with %s is denied, naming the field', async (_what, object, message) => {
    const { response, findings } = await onJobSet(object);
    expect(response.allowed).toBe(false);
    expect(findings.map(({ rule }) => rule.id)).toEqual(['malformedPod']);
    expect(response.status?.message).toContain(message);
  });

  test('with more than 1,000 templates is denied without a look at them', async () => {
    const many = Array.from({ length: 200_000 }, () => ({}));
    const { response } = await onJobSet({ spec: { replicatedJobs: many } });
    expect(response.status?.message).toContain('spec.replicatedJobs has more than 1000 items');
  });

  test('with a million violations is answered within what anybody reads', async () => {
    const containers = Array.from({ length: 1_000 }, (_, index) => ({ name: `c${index}` }));
    const object = jobs(Array.from({ length: 1_000 }, (_, index) => [`j${index}`, { containers }] as const));
    const { response, findings } = await onJobSet(object);
    expect(response.allowed).toBe(false);
    expect(findings.length).toBeLessThanOrEqual(5_001);
    expect(Buffer.byteLength(response.status?.message ?? '')).toBeLessThanOrEqual(4_096);
  });

  test('is denied for the last of its templates however much the first ones are only warned of', async () => {
    const soft = policyOf({ mode: 'Warn', podSecurity: { level: 'restricted' } }, 'soft');
    const hard = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } }, 'hard');
    const containers = Array.from({ length: 300 }, (_, index) => ({ name: `c${index}` }));
    const noisy = Array.from({ length: 30 }, (_, index) => [`j${index}`, { containers }] as const);
    const review = reviewOf(jobs([...noisy, ['evil', { hostPID: true }]]), { custom: jobSet });
    const { response } = await answer(review, { policies: [soft, hard], workloads });
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain(at(30, 'hostPID'));
  });

  test('that a controller owns is not judged', async () => {
    const owned = { ownerReferences: [{ kind: 'Farm', name: 'a', controller: true }] };
    expect((await onJobSet(jobs([['a', { hostPID: true }]], owned))).response.allowed).toBe(true);
  });

  test.each(['status', 'scale'])('passes by its %s', async (subResource) => {
    const bad = jobs([['a', { hostPID: true }]]);
    const { response } = await onJobSet(bad, { subResource, oldObject: jobs([['a', {}]]) });
    expect(response.allowed).toBe(true);
  });

  test('whose resource is called pods has the subresources of custom kinds', async () => {
    const names = { group: 'zoo.example', kind: 'Pod', resource: 'pods' };
    const known = createWorkloads([{ ...names, path: 'spec.template' }]);
    const object = { spec: { template: templateOf({ hostPID: true }) } };
    const ask = (subResource: string) =>
      answer(reviewOf(object, { custom: names, subResource, operation: 'UPDATE' }), { policies, workloads: known });
    expect((await ask('resize')).response.allowed).toBe(true);
    expect((await ask('')).response.allowed).toBe(false);
  });

  test.each(['DELETE', 'CONNECT'])('passes by %s', async (operation) => {
    expect((await onJobSet(jobs([['a', { hostPID: true }]]), { operation })).response.allowed).toBe(true);
  });

  test('is judged by `workloads` of the policy, as other templates are', async () => {
    const object = jobs([['a', { hostPID: true }]]);
    const by = (mode: string) => {
      const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', workloads: mode } });
      return answer(reviewOf(object, { custom: jobSet }), { policies: [policy], workloads });
    };
    expect((await by('Warn')).response).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('hostPID')],
    });
    expect((await by('Ignore')).findings).toEqual([]);
  });

  test('is judged when facts have to be fetched, one template after the other', async () => {
    const bound = createPolicySet({ policies, ceiling: 'Enforce' });
    const needing = {
      ...bound,
      rulesFor: (occasion: Parameters<typeof bound.rulesFor>[0]) => {
        const all = bound.rulesFor(occasion);
        const rules = all.rules.map((each) => ({ ...each, rule: { ...each.rule, needs: () => [{ key: 'a' }] } }));
        return { ...all, rules: rules as unknown as typeof all.rules };
      },
    };
    const object = jobs([['a', { hostPID: true }] as const, ['b', { hostNetwork: true }] as const]);
    const reference = { apiVersion: 'jobset.x-k8s.io/v1alpha2', kind: 'JobSet', namespace: 'shop', name: 'train' };
    const judgement = judge({ object, workload: jobSets, reference }, { ...offline, policies: needing });
    expect(judgement).toBeInstanceOf(Promise);
    expect([...paths((await judgement).decision.findings)].sort()).toEqual([at(0, 'hostPID'), at(1, 'hostNetwork')]);
  });
});

describe('an update of an object of a custom kind', () => {
  const a = ['a', { hostPID: true }] as const;
  const b = ['b', { hostNetwork: true }] as const;

  test('that changes no template passes, whatever the templates are', async () => {
    const { response } = await onJobSet(jobs([a, b], { labels: { team: 'x' } }), { oldObject: jobs([a, b]) });
    expect(response.allowed).toBe(true);
  });

  test('that moves or removes templates passes: nothing is new', async () => {
    expect((await onJobSet(jobs([b, a]), { oldObject: jobs([a, b]) })).response.allowed).toBe(true);
    expect((await onJobSet(jobs([b]), { oldObject: jobs([a, b]) })).response.allowed).toBe(true);
  });

  test('that changes any of them is judged in full; what the same template had before is preexisting', async () => {
    const changed = ['b', { hostNetwork: true, hostIPC: true }] as const;
    const { response, findings } = await onJobSet(jobs([changed, a]), { oldObject: jobs([a, b]) });
    expect(response.allowed).toBe(false);
    expect([...paths(findings)].sort()).toEqual([at(0, 'hostIPC'), at(0, 'hostNetwork'), at(1, 'hostPID')]);
    expect([...old(findings)].sort()).toEqual([at(0, 'hostNetwork'), at(1, 'hostPID')]);
  });

  test('does not call old what another template had', async () => {
    const { findings } = await onJobSet(jobs([a, ['b', { hostPID: true }]]), { oldObject: jobs([a, ['b', {}]]) });
    expect(paths(findings)).toEqual([at(0, 'hostPID'), at(1, 'hostPID')]);
    expect(old(findings)).toEqual([at(0, 'hostPID')]);
  });

  test('that adds a template beside one of the same name is judged, and the new one is new', async () => {
    const { response, findings } = await onJobSet(jobs([a, a]), { oldObject: jobs([a]) });
    expect(response.allowed).toBe(false);
    expect(old(findings)).toEqual([at(0, 'hostPID')]);
  });

  test('knows templates without names by their place', async () => {
    const nameless = (spec: Json) => [undefined, spec] as const;
    const before = jobs([nameless({ hostPID: true }), nameless({})]);
    const after = jobs([nameless({ hostPID: true }), nameless({ hostPID: true })]);
    expect((await onJobSet(before, { oldObject: before })).response.allowed).toBe(true);
    expect(old((await onJobSet(after, { oldObject: before })).findings)).toEqual([at(0, 'hostPID')]);
  });

  test.each([null, {}, { spec: 7 }])('of %j is judged as if it were new', async (oldObject) => {
    const review = reviewOf(jobs([a]), { custom: jobSet, operation: 'UPDATE' }) as { request: Json };
    const asked = { ...review, request: { ...review.request, oldObject } };
    const { response, findings } = await answer(asked, { policies, workloads });
    expect(response.allowed).toBe(false);
    expect(old(findings)).toEqual([]);
  });

  test('under NewOnly passes with what was there, and not with what is new', async () => {
    const under = { policies: newOnly, workloads };
    const update = (object: Json) => answer(reviewOf(object, { custom: jobSet, oldObject: jobs([a]) }), under);
    const renewed = ['a', { hostPID: true, containers: [containerWith({ image: 'app:2' })] }] as const;
    const let_ = await update(jobs([renewed]));
    expect(let_.response.allowed).toBe(true);
    expect(let_.response.warnings?.join()).toContain('admitted, but its pods will be refused');
    const refused = await update(jobs([renewed, b]));
    expect(refused.response.allowed).toBe(false);
    expect(refused.response.status?.message).toContain(at(1, 'hostNetwork'));
  });

  test('that is nested deeper than anything stored is denied', async () => {
    const deep = (): Json => {
      let value: unknown = 1;
      for (let i = 0; i < 2_000; i++) value = { a: value };
      return jobs([['a', { deep: value }]]);
    };
    const { response } = await onJobSet(deep(), { oldObject: deep() });
    expect(response.status?.message).toContain('nested deeper than 200 levels');
  });
});

describe('the runtime class of an object of a custom kind', () => {
  const classes = (...names: readonly (string | undefined)[]) =>
    sharedRuntimeClass(
      jobs(names.map((name, index) => [`j${index}`, name === undefined ? {} : { runtimeClassName: name }] as const)),
      jobSets,
    );

  test('is the one that all its templates have', () => {
    expect(classes('gvisor', 'gvisor')).toBe('gvisor');
  });

  test('is none where they differ: a class that a policy leaves alone does not speak for the others', () => {
    expect(classes('gvisor', undefined)).toBeUndefined();
    expect(classes('gvisor', 'kata')).toBeUndefined();
    expect(classes()).toBeUndefined();
    expect(sharedRuntimeClass({ spec: 7 }, jobSets)).toBeUndefined();
  });
});
