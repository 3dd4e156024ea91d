import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { builtin, exceptionOf, type Json, occasionIn, policyOf } from '../../admission-requests.ts';

const prefix = 'pod-security.kubernetes.io/';
const restricted = builtin('builtin:restricted');

const viewOf = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  labels: new Map(Object.entries(labels)),
});
const setOf = (...specs: readonly Json[]) =>
  createPolicySet({ policies: specs.map((spec, i) => policyOf(spec, `policy-${i}`)), ceiling: 'Enforce' });
const namesIn = (rules: readonly { readonly policy: string }[]) => [...new Set(rules.map(({ policy }) => policy))];

describe('what is bound for a namespace', () => {
  test('is made once, and shared with every namespace in which the same is asked', () => {
    const set = createPolicySet({ policies: [restricted], ceiling: 'Enforce' });
    const shop = viewOf('shop');
    const first = set.rulesFor(occasionIn('shop', { namespace: shop }));
    expect(set.rulesFor(occasionIn('shop', { namespace: shop }))).toBe(first);
    expect(set.rulesFor(occasionIn('shop', { namespace: viewOf('shop', { team: 'a' }) }))).toBe(first);
    expect(set.rulesFor(occasionIn('kiosk', { namespace: viewOf('kiosk') }))).toBe(first);
  });

  test('changes with its labels, where a policy reads them', () => {
    const set = setOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } });
    const before = set.rulesFor(occasionIn('shop', { namespace: viewOf('shop') }));
    const labelled = viewOf('shop', { [`${prefix}enforce`]: 'restricted' });
    const after = set.rulesFor(occasionIn('shop', { namespace: labelled }));
    expect(after.rules.length).toBeGreaterThan(before.rules.length);
    expect(set.rulesFor(occasionIn('shop', { namespace: viewOf('shop') }))).toBe(before);
  });

  test('is not of another namespace that merely has the same labels', () => {
    const set = setOf(
      { podSecurity: { level: 'baseline' }, match: { namespaces: { include: ['shop'] } } },
      { podSecurity: { level: 'baseline' }, match: { namespaces: { include: ['kiosk'] } } },
    );
    expect(namesIn(set.rulesFor(occasionIn('shop', { namespace: viewOf('shop') })).rules)).toEqual(['policy-0']);
    expect(namesIn(set.rulesFor(occasionIn('kiosk', { namespace: viewOf('kiosk') })).rules)).toEqual(['policy-1']);
  });

  test('for a pod is not what is bound for a template', () => {
    const set = setOf({ mode: 'Enforce', podSecurity: { level: 'baseline', workloads: 'Warn' } });
    const namespace = viewOf('shop');
    const modes = (subject: 'pod' | 'template') =>
      new Set(set.rulesFor(occasionIn('shop', { namespace, subject })).rules.map(({ mode }) => mode));
    expect([modes('pod'), modes('template'), modes('pod')]).toEqual([
      new Set(['Enforce']),
      new Set(['Warn']),
      new Set(['Enforce']),
    ]);
  });

  test('for one user is not what is bound for another, whoever comes first', () => {
    const set = setOf(
      { podSecurity: { level: 'baseline' } },
      { podSecurity: { level: 'baseline' }, match: { users: { exclude: ['anna'] } } },
      { podSecurity: { level: 'baseline' }, match: { objectSelector: { matchLabels: { tier: 'web' } } } },
      { podSecurity: { level: 'baseline' }, match: { runtimeClasses: { exclude: ['kata'] } } },
    );
    const namespace = viewOf('shop');
    const asked = (user: string, tier: string, runtimeClass: string) =>
      namesIn(
        set.rulesFor(
          occasionIn('shop', {
            namespace,
            user,
            labels: () => new Map([['tier', tier]]),
            runtimeClass: () => runtimeClass,
          }),
        ).rules,
      ).map((name) => name.slice(-1));
    for (let round = 0; round < 2; round++) {
      expect(asked('anna', 'web', 'kata')).toEqual(['0', '2']);
      expect(asked('ben', 'web', 'kata')).toEqual(['0', '1', '2']);
      expect(asked('anna', 'job', 'runc')).toEqual(['0', '3']);
      expect(asked('ben', 'web', 'runc')).toEqual(['0', '1', '2', '3']);
    }
  });

  test('names the reason of the day where the namespace cannot be read', () => {
    const set = setOf({ podSecurity: { level: 'baseline' } });
    const paramsFor = (unavailable: string) =>
      set.rulesFor(occasionIn('shop', { namespace: { name: 'shop', unavailable } })).rules.at(-1)?.params;
    expect(paramsFor('timeout')).toEqual({ reason: 'timeout' });
    expect(paramsFor('forbidden')).toEqual({ reason: 'forbidden' });
  });
});

const level = fc.constantFrom('privileged', 'baseline', 'restricted');
const namespaceLabel = fc.constantFrom(
  {},
  { team: 'a' },
  { [`${prefix}enforce`]: 'restricted' },
  { [`${prefix}warn`]: 'x' },
);
const view = fc.oneof(
  fc.tuple(fc.constantFrom('shop', 'kiosk'), namespaceLabel).map(([name, there]) => viewOf(name, there)),
  fc.constantFrom({ name: 'shop', unavailable: 'timeout' }, { name: 'kiosk', unavailable: 'forbidden' }),
  fc.constant({ ...viewOf('kiosk'), assumed: true as const }),
);
const occasion = fc.record({
  namespace: view,
  subject: fc.constantFrom('pod' as const, 'template' as const),
  user: fc.constantFrom('anna', 'ben', undefined),
  tier: fc.constantFrom('web', 'job'),
  runtimeClass: fc.constantFrom('kata', undefined),
  now: fc.constantFrom('2026-11-01', '2026-12-01', '2027-02-01').map((day) => Date.parse(day)),
});
const spec = fc.record({
  mode: fc.constantFrom('Warn', 'Audit'),
  podSecurity: fc.record({ level, namespaceLabels: fc.constantFrom('Ignore', 'Tighten', 'Respect') }),
  match: fc.constantFrom(
    {},
    { namespaces: { include: ['shop'] } },
    { namespaceSelector: { matchLabels: { team: 'a' } } },
    { objectSelector: { matchLabels: { tier: 'web' } } },
    { runtimeClasses: { exclude: ['kata'] } },
    { users: { exclude: ['anna'] }, namespaceSelector: { matchLabels: { team: 'a' } } },
  ),
});

test('a set that remembers says what a new one says, whatever it was asked before', () => {
  const exceptions = [
    exceptionOf({
      policies: [{ name: 'policy-0', rules: ['hostNamespaces'] }],
      match: { namespaces: { include: ['shop'] } },
      expiresAt: '2027-01-01T00:00:00Z',
    }),
  ];
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 4 }),
      fc.array(occasion, { minLength: 15, maxLength: 25 }),
      (specs, asked) => {
        const policies = specs.map((value, i) => policyOf(value, `policy-${i}`));
        const fresh = () => createPolicySet({ policies, ceiling: 'Enforce', exceptions });
        const set = fresh();
        // Twice: the second time everything is remembered.
        for (const { tier, runtimeClass, ...more } of [...asked, ...asked]) {
          const at = occasionIn(more.namespace.name, {
            ...more,
            labels: () => new Map([['tier', tier]]),
            runtimeClass: () => runtimeClass,
          });
          expect(set.rulesFor(at)).toEqual(fresh().rulesFor(at));
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

describe('memory', () => {
  const many = Array.from({ length: 1_000 }, (_, i) =>
    policyOf({ podSecurity: { level: 'restricted' } }, `policy-${i}`),
  );

  test('10,000 namespaces × 1,000 policies share what is the same', () => {
    const set = createPolicySet({ policies: many, ceiling: 'Enforce' });
    const views = Array.from({ length: 10_000 }, (_, i) => viewOf(`ns-${i}`));
    const bound = new Set(views.map((namespace) => set.rulesFor(occasionIn(namespace.name, { namespace }))));
    expect(bound.size).toBe(1);
  }, 60_000);

  describe('with 1,000 exceptions besides', () => {
    const exceptions = Array.from({ length: 1_000 }, (_, i) =>
      exceptionOf(
        {
          policies: [{ name: `policy-${i}`, rules: ['hostPathVolumes', 'restrictedVolumes'] }],
          match: { namespaces: { include: [`ns-${i % 300}*`] } },
        },
        `exception-${i}`,
      ),
    );
    const set = createPolicySet({ policies: many, exceptions, ceiling: 'Enforce' });
    const views = Array.from({ length: 10_000 }, (_, i) => viewOf(`ns-${i}`));
    const askedIn = (namespace: ReturnType<typeof viewOf>) => set.rulesFor(occasionIn(namespace.name, { namespace }));

    test('they share one list of rules, whatever holds in each', () => {
      const bound = views.map(askedIn);
      expect(new Set(bound.map(({ rules }) => rules)).size).toBe(1);
      const granted = new Set(bound.map(({ exceptions: there }) => [...there.keys()].join()));
      expect(granted.size).toBeGreaterThanOrEqual(300);
    }, 60_000);

    test('the memory holds it all: where it had started anew, something would have been made once more', () => {
      const bound = views.map(askedIn);
      expect(views.map(askedIn).every((each, i) => each === bound[i])).toBe(true);
    }, 60_000);
  });

  test('labels that tenants think up do not pile up', () => {
    const set = createPolicySet({ policies: many, ceiling: 'Enforce' });
    const view = (version: number) =>
      viewOf('shop', { [`${prefix}enforce`]: 'baseline', [`${prefix}enforce-version`]: `v1.${version}` });
    const kept = view(1);
    const rulesOf = (namespace: ReturnType<typeof viewOf>) => set.rulesFor(occasionIn('shop', { namespace }));
    const first = rulesOf(kept);
    expect(rulesOf(kept)).toBe(first);
    for (let version = 2; version < 100; version++) rulesOf(view(version));
    expect(rulesOf(kept)).not.toBe(first);
    expect(rulesOf(kept).rules.length).toBe(first.rules.length);
  }, 60_000);
});
