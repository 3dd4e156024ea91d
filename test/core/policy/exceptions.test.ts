import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../src/core/pod/glob.ts';
import { acceptanceOf, acceptanceText } from '../../../src/core/policy/exceptions.ts';
import type { PodPolicyException } from '../../../src/core/policy/pod-policy-exception.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import {
  answer,
  builtin,
  containerSecuredWith,
  containerWith,
  exceptionOf,
  excusesIn,
  isAllowed,
  type Json,
  occasionIn,
  podWith,
  policyOf,
  type ReviewOptions,
  reviewOf,
  type Under,
  wrap,
} from '../../admission-requests.ts';

const digest = `@sha256:${'0f'.repeat(32)}`;
const bound = `ghcr.io/acme/agent${digest}`;

const restricted = { mode: 'Enforce', podSecurity: { level: 'restricted' } };
const policies = [policyOf(restricted)];
const from = (...rules: readonly string[]) => ({ policies: [{ name: 'production', rules }] });

const hostPid = podWith({ hostPID: true });
const fromHostPid = from('hostNamespaces');

/** Under production at restricted, with exceptions. */
const under = (exceptions: readonly PodPolicyException[], more: Under = {}): Under => ({
  policies,
  exceptions,
  ...more,
});

/** Findings as `rule by exception`, in their order; `-` where nothing excuses one. */
async function excused(object: unknown, options: ReviewOptions & Under) {
  const { findings } = await answer(reviewOf(object, options), options);
  return findings.map(({ rule, exception }) => `${rule.id} by ${exception?.name ?? '-'}`);
}

describe('an exception', () => {
  test('lets pass what it excuses, which stays a finding with its name', async () => {
    const options = under([exceptionOf(fromHostPid)]);
    expect(await isAllowed(hostPid, options)).toBe(true);
    expect(await excused(hostPid, options)).toEqual(['hostNamespaces by legacy']);
  });

  test('excuses nothing of another rule', async () => {
    const pod = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
    const options = under([exceptionOf(fromHostPid)]);
    expect(await isAllowed(pod, options)).toBe(false);
    expect(await excused(pod, options)).toEqual(['privileged by -', 'hostNamespaces by legacy']);
  });

  test('excuses nothing of another policy', async () => {
    const options = { policies: [...policies, policyOf(restricted, 'team')], exceptions: [exceptionOf(fromHostPid)] };
    const { response } = await answer(reviewOf(hostPid), options);
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain('Pod shop/example: 1 violation of policy team\n');
  });

  test('excuses each policy only from the rules that are listed with it', async () => {
    const baseline = (name: string) => policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } }, name);
    const exception = exceptionOf({
      policies: [
        { name: 'a', rules: ['hostNamespaces'] },
        { name: 'b', rules: ['privileged'] },
      ],
    });
    const pod = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
    const { findings } = await answer(reviewOf(pod), {
      policies: [baseline('a'), baseline('b')],
      exceptions: [exception],
    });
    expect(findings.map(({ policy, rule, exception: by }) => `${policy} ${rule.id} ${by?.name ?? '-'}`)).toEqual([
      'a privileged -',
      'b privileged legacy',
      'a hostNamespaces legacy',
      'b hostNamespaces -',
    ]);
  });

  test('adds its rules where one policy is listed twice', async () => {
    const exception = exceptionOf({
      policies: [
        { name: 'production', rules: ['hostNamespaces'] },
        { name: 'production', rules: ['hostNamespaces', 'privileged'] },
      ],
    });
    const pod = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
    expect(await isAllowed(pod, under([exception]))).toBe(true);
  });

  test('holds in the namespaces that it matches, by what the request says', async () => {
    const match = { namespaces: { include: ['team-*'], exclude: ['team-x'] } };
    const options = under([exceptionOf({ ...fromHostPid, match })]);
    expect(await isAllowed(hostPid, { ...options, namespace: 'team-a' })).toBe(true);
    expect(await isAllowed(hostPid, { ...options, namespace: 'team-x' })).toBe(false);
    const claiming = podWith({ hostPID: true }, { namespace: 'team-a' });
    expect(await isAllowed(claiming, { ...options, namespace: 'shop' })).toBe(false);
  });

  test('names the kind of the object that was applied: the pods of a DaemonSet are Pods', async () => {
    const options = under([exceptionOf({ ...fromHostPid, match: { kinds: ['DaemonSet'] } })]);
    expect(await isAllowed(wrap('DaemonSet', hostPid), { ...options, kind: 'DaemonSet' })).toBe(true);
    expect(await isAllowed(wrap('Deployment', hostPid), { ...options, kind: 'Deployment' })).toBe(false);
    expect(await isAllowed(hostPid, options)).toBe(false);
  });

  test.each([
    ['agent', { name: 'agent' }, true],
    ['agent', { name: 'agent-2' }, false],
    ['agent*', { name: 'agent-2' }, true],
    ['agent*', { name: 'my-agent' }, false],
    ['agent*', { name: undefined, generateName: 'agent-' }, true],
    // What is drawn is unknown: only a pattern that every name matches is one that this name will match.
    ['agent-a*', { name: undefined, generateName: 'agent-' }, false],
    ['*a', { name: undefined, generateName: 'agent-' }, false],
    ['agent-', { name: undefined, generateName: 'agent-' }, false],
    // The API server cuts a long prefix before it draws.
    [`${'a'.repeat(58)}*`, { name: undefined, generateName: 'a'.repeat(63) }, true],
    [`${'a'.repeat(59)}*`, { name: undefined, generateName: 'a'.repeat(63) }, false],
  ])('for the name %s and an object of %o: %o', async (pattern, metadata, allowed) => {
    const options = under([exceptionOf({ ...fromHostPid, match: { names: [pattern] } })]);
    expect(await isAllowed(podWith({ hostPID: true }, metadata), options)).toBe(allowed);
  });

  test('keeps a template that had the violation before excused', async () => {
    const template = (image: string) =>
      wrap('Deployment', podWith({ hostPID: true, containers: [containerWith({ image })] }));
    const review = reviewOf(template('app:2'), { kind: 'Deployment', oldObject: template('app:1') });
    const newOnly = [policyOf({ ...restricted, onUpdate: 'NewOnly' })];
    for (const each of [policies, newOnly]) {
      const { response, findings } = await answer(review, { policies: each, exceptions: [exceptionOf(fromHostPid)] });
      expect(response.allowed).toBe(true);
      expect(response.warnings).toBeUndefined();
      expect(findings).toMatchObject([{ mode: 'Enforce', preexisting: true, exception: { name: 'legacy' } }]);
      expect(findings[0]).not.toHaveProperty('letThrough');
    }
  });

  test('never excuses a question that has no answer', async () => {
    const pod = podWith({ containers: 'none' });
    const exception = exceptionOf(from('hostNamespaces', 'privileged'));
    expect(await isAllowed(pod, under([exception]))).toBe(false);
    const set = createPolicySet({ policies: [], unread: policies, ceiling: 'Enforce', exceptions: [exception] });
    const bound = set.rulesFor(occasionIn('shop'));
    expect(bound.rules.map(({ rule }) => rule.id)).toEqual(['unreadPolicy']);
    expect(excusesIn(bound)).toEqual([]);
  });
});

describe('containers and images', () => {
  const privileged = (name: string, image = bound) => ({
    ...containerSecuredWith({ privileged: true }, name),
    image,
  });
  const fromPrivileged = from('privileged');

  test('narrow an exception to the containers of these names, of every class', async () => {
    const options = under([exceptionOf({ ...fromPrivileged, match: { containers: ['agent'] } })]);
    for (const spec of [
      { containers: [privileged('agent')] },
      { initContainers: [privileged('agent')] },
      { ephemeralContainers: [privileged('agent')] },
    ]) {
      expect(await excused(podWith(spec), options)).toEqual(['privileged by legacy']);
    }
    const two = podWith({ containers: [privileged('agent'), privileged('evil')] });
    expect(await isAllowed(two, options)).toBe(false);
    expect(await excused(two, options)).toEqual(['privileged by legacy', 'privileged by -']);
  });

  test('never cover a finding of the pod itself', async () => {
    for (const match of [{ containers: ['app'] }, { images: ['registry.example.com/app:1.0'] }]) {
      expect(await isAllowed(hostPid, under([exceptionOf({ ...fromHostPid, match })]))).toBe(false);
    }
    expect(await isAllowed(hostPid, under([exceptionOf(fromHostPid)]))).toBe(true);
  });

  test('bind what runs by digest: another image under the same name is refused', async () => {
    const options = under([exceptionOf({ ...fromPrivileged, match: { containers: ['agent'], images: [bound] } })]);
    expect(await isAllowed(podWith({ containers: [privileged('agent')] }), options)).toBe(true);
    for (const image of [
      'ghcr.io/acme/agent:1',
      'ghcr.io/acme/agent',
      `ghcr.io/acme/agent@sha256:${'1f'.repeat(32)}`,
      `ghcr.io/evil/agent${digest}`,
      `${bound}0`,
      ` ${bound}`,
      bound.toUpperCase(),
      [bound],
      undefined,
    ]) {
      expect(await isAllowed(podWith({ containers: [{ ...privileged('agent'), image }] }), options)).toBe(false);
    }
  });

  test('images are what stands in the container to the letter: none has a meaning of its own', async () => {
    const options = under([exceptionOf({ ...fromPrivileged, match: { images: ['nginx'] } })]);
    for (const [image, allowed] of [
      ['nginx', true],
      ['docker.io/library/nginx', false],
      ['nginx:latest', false],
    ] as const) {
      expect(await isAllowed(podWith({ containers: [privileged('web', image)] }), options)).toBe(allowed);
    }
    expect(() => exceptionOf({ ...fromPrivileged, match: { images: ['ghcr.io/acme/*'] } })).toThrow(/pattern/);
  });
});

describe('a rule that overrides another', () => {
  const spec = { containers: [containerSecuredWith({ capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } })] };

  test('speaks for it no longer where it is excused: an exception names both', async () => {
    const one = under([exceptionOf(from('capabilities_restricted'))]);
    expect(await isAllowed(podWith(spec), one)).toBe(false);
    expect(await excused(podWith(spec), one)).toEqual([
      'capabilities_baseline by -',
      'capabilities_restricted by legacy',
    ]);
    const both = under([exceptionOf(from('capabilities_restricted', 'capabilities_baseline'))]);
    expect(await isAllowed(podWith(spec), both)).toBe(true);
  });

  test('still does on a pod that the exception does not cover', async () => {
    const exception = exceptionOf({ ...from('capabilities_restricted'), match: { names: ['other'] } });
    expect(await excused(podWith(spec), under([exception]))).toEqual(['capabilities_restricted by -']);
  });

  test('does in a namespace without the exception', async () => {
    const match = { namespaces: { include: ['payments'] } };
    const exceptions = [exceptionOf({ ...from('capabilities_restricted'), match })];
    expect(await excused(podWith(spec), under(exceptions))).toEqual(['capabilities_restricted by -']);
    expect(await excused(podWith(spec), { ...under(exceptions), namespace: 'payments' })).toHaveLength(2);
  });
});

describe('time', () => {
  const end = Date.parse('2027-01-31T00:00:00Z');
  const day = 24 * 3_600_000;
  /** The same view each time, so that what was bound for it is remembered. */
  const { namespace } = occasionIn('shop');
  const excuses = (set: ReturnType<typeof createPolicySet>, now: number) =>
    excusesIn(set.rulesFor(occasionIn('shop', { now, namespace })));
  const setWith = (spec: Json, maxExceptionDuration?: number) =>
    createPolicySet({
      policies,
      ceiling: 'Enforce',
      exceptions: [exceptionOf({ ...fromHostPid, ...spec })],
      ...(maxExceptionDuration !== undefined && { maxExceptionDuration }),
    });

  test('an exception has no effect from the second on that it ends, in a set that was asked before', async () => {
    const set = setWith({ expiresAt: '2027-01-31T00:00:00Z' });
    expect(excuses(set, end - 1)).toHaveLength(1);
    expect(excuses(set, end)).toHaveLength(0);
    expect(excuses(set, end + 1)).toHaveLength(0);
    // A clock that is set back.
    expect(excuses(set, end - 1)).toHaveLength(1);
    const exceptions = [exceptionOf({ ...fromHostPid, expiresAt: '2027-01-31T00:00:00Z' })];
    expect(await isAllowed(hostPid, under(exceptions, { now: end - 1 }))).toBe(true);
    expect(await isAllowed(hostPid, under(exceptions, { now: end }))).toBe(false);
  });

  test('an end with an offset is the same moment', () => {
    const set = setWith({ expiresAt: '2027-01-31T09:00:00+09:00' });
    expect(excuses(set, end - 1)).toEqual([{ name: 'legacy', expiring: '2027-01-31T09:00:00+09:00' }]);
    expect(excuses(set, end)).toHaveLength(0);
  });

  test.each(['2027-01-31', '2027-01-31T00:00:00', '2027-02-29T00:00:00Z', '2027-01-31T24:00:00Z', 'never'])(
    '%s is no end',
    (expiresAt) => {
      expect(() => exceptionOf({ ...fromHostPid, expiresAt })).toThrow(/must be a moment such as/);
    },
  );

  test('one that ends too far away has no effect until it does not any more', () => {
    const set = setWith({ expiresAt: '2027-01-31T00:00:00Z' }, 90 * day);
    const start = end - 90 * day;
    expect(excuses(set, start - 1)).toHaveLength(0);
    expect(excuses(set, start)).toHaveLength(1);
    expect(excuses(set, start - 1)).toHaveLength(0);
    expect(excuses(setWith({ expiresAt: '2999-01-31T00:00:00Z' }), start)).toHaveLength(1);
  });

  test('it says when it ends from seven days before', () => {
    const set = setWith({ expiresAt: '2027-01-31T00:00:00Z' });
    expect(excuses(set, end - 7 * day - 1)).toEqual([{ name: 'legacy' }]);
    expect(excuses(set, end - 7 * day)).toEqual([{ name: 'legacy', expiring: '2027-01-31T00:00:00Z' }]);
  });

  test('what is bound is the same until something changes', () => {
    const set = setWith({ expiresAt: '2027-01-31T00:00:00Z' }, 90 * day);
    const at = (now: number) => set.rulesFor(occasionIn('shop', { now, namespace }));
    expect(at(end - 80 * day)).toBe(at(end - 8 * day));
    expect(at(end - 7 * day)).not.toBe(at(end - 8 * day));
    expect(at(end - 7 * day)).toBe(at(end - 1));
  });

  test('of two that cover a finding the one that ends last is named: as long as it lasts nobody has to act', () => {
    const exceptions = [
      exceptionOf({ ...fromHostPid, expiresAt: '2027-01-31T00:00:00Z' }, 'a'),
      exceptionOf({ ...fromHostPid, expiresAt: '2027-06-30T00:00:00Z' }, 'b'),
    ];
    const ask = (now: number) => answer(reviewOf(hostPid), under(exceptions, { now }));
    return Promise.all(
      [end - 1, end].map(async (now) => expect((await ask(now)).findings[0]?.exception).toEqual({ name: 'b' })),
    );
  });
});

describe('acceptance', () => {
  const terms = {
    policies: new Set(['production']),
    now: Date.parse('2026-11-22T12:00:00Z'),
    maxDuration: 90 * 86_400_000,
  };
  const soon = { expiresAt: '2026-12-24T00:00:00Z' };

  test.each([
    ['Accepted', [], {}],
    ['Expired', [], { expiresAt: '2026-11-22T12:00:00Z' }],
    ['TooLong', [], { expiresAt: '2027-02-20T12:00:01Z' }],
    ['Accepted', [], { expiresAt: '2027-02-20T12:00:00Z' }],
    ['UnknownPolicy', ['prodction'], { policies: [{ name: 'prodction', rules: ['hostNamespaces'] }] }],
    [
      'UnknownRule',
      ['hostnamespaces'],
      { policies: [{ name: 'production', rules: ['privileged', 'hostnamespaces'] }] },
    ],
  ] as const)('%s, %j', (reason, unknown, spec) => {
    const acceptance = acceptanceOf(exceptionOf({ ...fromHostPid, ...soon, ...spec }), terms);
    expect(acceptance).toMatchObject({ accepted: reason === 'Accepted', reason, unknown });
    for (const name of unknown) expect(acceptanceText(acceptance)).toContain(name);
  });

  test('needs every name: one that is unknown, and nothing is excused', async () => {
    for (const named of [
      { name: 'prodction', rules: ['hostNamespaces'] },
      { name: 'production', rules: ['hostnamespaces'] },
    ]) {
      const exception = exceptionOf({ policies: [...fromHostPid.policies, named] });
      expect(await isAllowed(hostPid, under([exception]))).toBe(false);
    }
  });

  test('knows a policy that cannot be read by its name', () => {
    const exception = exceptionOf({
      policies: [...fromHostPid.policies, { name: 'broken', rules: ['privileged'] }],
    });
    const set = createPolicySet({
      policies,
      unread: [policyOf({}, 'broken')],
      ceiling: 'Enforce',
      exceptions: [exception],
    });
    expect(excusesIn(set.rulesFor(occasionIn('shop')))).toHaveLength(1);
  });

  test.each([
    [true, undefined],
    [true, ['ghcr.io/acme/agent:1']],
    [true, [bound, 'ghcr.io/acme/agent:1']],
    [true, [`${bound}0`]],
    [true, [`ghcr.io/acme/agent@sha256:${'0F'.repeat(32)}`]],
    [false, [bound]],
  ])('broad is %o for images %j', (broad, images) => {
    const exception = exceptionOf({ ...fromHostPid, ...soon, match: images === undefined ? {} : { images } });
    expect(acceptanceOf(exception, terms).broad).toBe(broad);
  });
});

describe('a tenant', () => {
  const privileged = (fields: Json = {}) => ({ ...containerSecuredWith({ privileged: true }, 'agent'), ...fields });
  const pod = (metadata: Json, container: Json = {}, spec: Json = {}) =>
    podWith({ containers: [{ ...privileged(), ...container }], ...spec }, metadata);
  const other = 'ghcr.io/evil/agent:1';

  /** Every field that whoever writes a pod, or may label his namespace, chooses. */
  const chosen: readonly [field: string, object: Json][] = [
    ['metadata.name', pod({ name: 'legacy-agent' })],
    ['metadata.generateName', pod({ name: undefined, generateName: 'legacy-agent-' })],
    ['metadata.namespace', pod({ namespace: 'payments' })],
    [
      'metadata.labels',
      pod({ labels: { 'sekisho.dev/exception': 'legacy', exception: 'legacy', app: 'legacy-agent', owner: 'team' } }),
    ],
    [
      'metadata.annotations',
      pod({
        annotations: { 'sekisho.dev/exception': 'legacy', 'sekisho.dev/exempt': 'true', reason: 'a fix is promised' },
      }),
    ],
    ['metadata.finalizers', pod({ finalizers: ['sekisho.dev/legacy'] })],
    [
      'metadata.ownerReferences',
      pod({
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'legacy-agent', uid: 'a', controller: true },
          { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicyException', name: 'legacy', uid: 'b' },
        ],
      }),
    ],
    ['metadata.managedFields', pod({ managedFields: [{ manager: 'sekisho' }] })],
    ['metadata.deletionTimestamp', pod({ deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['status', { ...pod({}), status: { phase: 'Succeeded' } }],
    ['spec.serviceAccountName', pod({}, {}, { serviceAccountName: 'legacy-agent' })],
    ['spec.hostname', pod({}, {}, { hostname: 'legacy-agent' })],
    ['spec.priorityClassName', pod({}, {}, { priorityClassName: 'system-node-critical' })],
    ['spec.runtimeClassName', pod({}, {}, { runtimeClassName: 'legacy' })],
    ['spec.nodeName', pod({}, {}, { nodeName: 'legacy' })],
    ['spec.volumes[].name', pod({}, {}, { volumes: [{ name: 'legacy-agent', emptyDir: {} }] })],
    ['spec.imagePullSecrets', pod({}, {}, { imagePullSecrets: [{ name: bound }] })],
    ['spec.containers[].name', pod({}, { name: 'agent', image: other })],
    ['spec.containers[].image, by a tag', pod({}, { image: 'ghcr.io/acme/agent:1' })],
    ['spec.containers[].image, a digest as its tag', pod({}, { image: `ghcr.io/acme/agent:${'0f'.repeat(32)}` })],
    [
      'spec.containers[].image, the right one in another container',
      pod({}, { image: other }, { initContainers: [containerWith({ image: bound }, 'init')] }),
    ],
    ['spec.containers[].imageID', pod({}, { imageID: bound, image: other })],
    ['spec.containers[].env', pod({}, { env: [{ name: 'SEKISHO_EXCEPTION', value: 'legacy' }] })],
    ['spec.volumes[].image', pod({}, {}, { volumes: [{ name: 'agent', image: { reference: bound } }] })],
  ];
  const all = chosen.map(([, object]) => object);

  const match = {
    namespaces: { include: ['payments', 'shop'] },
    kinds: ['Pod', 'DaemonSet'],
    names: ['*'],
    containers: ['agent', 'init'],
    images: [bound],
  };
  const fromPrivileged = from('privileged');

  test.each(chosen)('cannot excuse himself by %s from what an exception binds by digest', async (_field, object) => {
    const exception = exceptionOf({ ...fromPrivileged, match });
    expect(acceptanceOf(exception, { policies: new Set(['production']), now: 0 }).broad).toBe(false);
    expect(await isAllowed(object, under([exception]))).toBe(false);
  });

  test('runs the image that was excused, and nothing else', async () => {
    const options = under([exceptionOf({ ...fromPrivileged, match })]);
    expect(await isAllowed(pod({}, { image: bound }), options)).toBe(true);
  });

  test('cannot reach by any field an exception of another namespace, kind, policy or rule', async () => {
    const elsewhere = [
      exceptionOf({ ...fromPrivileged, match: { namespaces: { include: ['payments'] } } }, 'a'),
      exceptionOf({ ...fromPrivileged, match: { kinds: ['DaemonSet'] } }, 'b'),
      exceptionOf({ policies: [{ name: 'team', rules: ['privileged'] }] }, 'c'),
      exceptionOf(from('hostNamespaces', 'hostPorts'), 'd'),
    ];
    const both = [...policies, policyOf({ match: { namespaces: { include: ['x'] } } }, 'team')];
    for (const object of all) {
      expect(await isAllowed(object, { policies: both, exceptions: elsewhere, namespace: 'shop' })).toBe(false);
    }
  });

  test.each([
    ['names', { names: ['legacy-agent'] }, pod({ name: 'legacy-agent' })],
    ['containers', { containers: ['agent'] }, pod({})],
    ['images by tag', { images: ['ghcr.io/acme/agent:1'] }, pod({}, { image: 'ghcr.io/acme/agent:1' })],
  ])('can by %s, and just that is what Broad says', async (_what, broad, object) => {
    const exception = exceptionOf({ ...fromPrivileged, match: broad });
    expect(acceptanceOf(exception, { policies: new Set(['production']), now: 0 }).broad).toBe(true);
    expect(await isAllowed(object, under([exception]))).toBe(true);
  });
});

describe('scopes of different exceptions', () => {
  const some = <T>(...values: readonly [T, ...T[]]) => fc.constantFrom(...values);
  const oneOrTwo = <T>(...values: readonly [T, ...T[]]) =>
    fc.uniqueArray(some(...values), { minLength: 1, maxLength: 2 });
  /** As often absent as not: where every condition is given, hardly anything is covered. */
  const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 2 });

  const rules = ['hostNamespaces', 'privileged', 'hostPorts'] as const;
  const exceptionSpecs = fc.record({
    policies: fc.array(fc.record({ name: some('a', 'b'), rules: oneOrTwo(...rules) }), { minLength: 1, maxLength: 2 }),
    namespaces: fc.record({ include: maybe(oneOrTwo('shop', 'team-*')), exclude: maybe(oneOrTwo('shop', 'team-x')) }),
    kinds: maybe(oneOrTwo('Pod', 'DaemonSet')),
    names: maybe(oneOrTwo('web', 'web-*', '*-1')),
    containers: maybe(oneOrTwo('app', 'agent')),
    images: maybe(oneOrTwo(bound, 'app:1')),
    expired: some(false, false, false, true),
  });
  type Spec = typeof exceptionSpecs extends fc.Arbitrary<infer T> ? T : never;

  const containers = fc.uniqueArray(
    fc.record({ name: some('app', 'agent', 'evil'), image: some(bound, 'app:1'), hostPort: fc.boolean() }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  );
  const objects = fc.record({
    kind: some('Pod', 'DaemonSet', 'Deployment'),
    name: some('web', 'web-1', 'other'),
    namespace: some('shop', 'team-a', 'team-x'),
    containers,
  });
  type Applied = typeof objects extends fc.Arbitrary<infer T> ? T : never;

  const toException = ({ policies: named, namespaces, expired, ...rest }: Spec, index: number) => {
    const present = (fields: Json) =>
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    return exceptionOf(
      {
        policies: named,
        match: { namespaces: present(namespaces), ...present(rest) },
        ...(expired && { expiresAt: '2026-01-01T00:00:00Z' }),
      },
      `e-${index}`,
    );
  };

  function toReview({ kind, name, namespace, containers: list }: Applied): Json {
    const spec = {
      hostPID: true,
      containers: list.map(({ name: called, image, hostPort }) => ({
        ...containerSecuredWith({ privileged: true }, called),
        image,
        ...(hostPort && { ports: [{ containerPort: 80, hostPort: 80 }] }),
      })),
    };
    const object = { ...wrap(kind, podWith(spec)), metadata: { name } };
    return reviewOf(object, { kind, namespace });
  }

  /** Which conditions of an exception a finding meets, said once more and otherwise. */
  function conditions(
    { policies: named, namespaces, kinds, names, containers: called, images, expired }: Spec,
    { kind, name, namespace }: Applied,
    finding: { policy: string; rule: string; container: { name: string; image: string } | undefined },
  ): readonly boolean[] {
    const matches = (list: readonly string[] | undefined, text: string) =>
      list === undefined || list.some((pattern) => matchesGlob(pattern, text));
    return [
      !expired,
      named.some((each) => each.name === finding.policy && (each.rules as readonly string[]).includes(finding.rule)),
      matches(namespaces.include, namespace),
      namespaces.exclude === undefined || !namespaces.exclude.includes(namespace as 'shop'),
      kinds === undefined || (kinds as readonly string[]).includes(kind),
      matches(names, name),
      called === undefined || (called as readonly string[]).includes(finding.container?.name ?? ''),
      images === undefined || (images as readonly string[]).includes(finding.container?.image ?? ''),
    ];
  }

  test('are never united: a finding is excused if and only if one of them covers all of it', async () => {
    const baseline = { mode: 'Enforce', podSecurity: { level: 'baseline' } };
    const two = [policyOf(baseline, 'a'), policyOf(baseline, 'b')];
    const now = Date.parse('2026-11-22T12:00:00Z');
    let excusedOnes = 0;
    let together = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(exceptionSpecs, { maxLength: 4 }), objects, async (specs, object) => {
        const exceptions = specs.map(toException);
        const { findings, response } = await answer(toReview(object), { policies: two, exceptions, now });
        for (const { policy, rule, container: called, exception } of findings) {
          const container = object.containers.find(({ name }) => name === called);
          const met = specs.map((spec) => conditions(spec, object, { policy, rule: rule.id, container }));
          const by = met.map((each) => each.every(Boolean));
          expect(exception !== undefined).toBe(by.includes(true));
          if (exception !== undefined) {
            excusedOnes++;
            expect(by[Number(exception.name.slice(2))]).toBe(true);
          } else if (met[0]?.every((_, condition) => met.some((each) => each[condition]))) together++;
        }
        expect(findings.length).toBeGreaterThanOrEqual(2 * (1 + object.containers.length));
        expect(response.allowed).toBe(findings.every(({ exception }) => exception !== undefined));
      }),
      { numRuns: 2_000, seed: 20_261_122 },
    );
    // Both must have been looked at, the second above all: each condition met, by one exception or another.
    expect(excusedOnes).toBeGreaterThan(300);
    expect(together).toBeGreaterThan(300);
  });
});

test('without exceptions nothing is bound for them', () => {
  const set = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' });
  const { namespace } = occasionIn('shop');
  const early = set.rulesFor(occasionIn('shop', { now: 0, namespace }));
  expect(set.rulesFor(occasionIn('shop', { now: Number.MAX_SAFE_INTEGER, namespace }))).toBe(early);
  expect(excusesIn(early)).toEqual([]);
});
