import { describe, expect, test } from 'vitest';
import { answerRequest } from '../../../src/core/admission/answer.ts';
import { formatAdmissionReview } from '../../../src/core/admission/response.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import type { Answer } from '../../../src/core/admission/verdict.ts';
import type { PodPage, PodSource } from '../../../src/core/engine/refused-pods.ts';
import { SekishoError } from '../../../src/core/error.ts';
import type { Language } from '../../../src/core/locale.ts';
import type { Mode } from '../../../src/core/policy/mode.ts';
import type { PodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { salvagePolicy } from '../../../src/core/policy/unread-policy.ts';
import { offline } from '../../../src/io/offline.ts';
import { type Json, podWith, policyOf } from '../../admission-requests.ts';

const enforceLabel = 'pod-security.kubernetes.io/enforce';

interface Update {
  readonly before?: Readonly<Record<string, string>>;
  readonly after?: Readonly<Record<string, string>>;
  readonly request?: Json;
  readonly user?: Json;
}

function namespaceWith(labels: Readonly<Record<string, string>>): Json {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: '5e8c', labels } };
}

/** A change of a namespace's labels; by default from restricted to privileged, by a tenant. */
function updateOf({ before = { [enforceLabel]: 'restricted' }, after = {}, request, user }: Update): Json {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4',
      kind: { group: '', version: 'v1', kind: 'Namespace' },
      resource: { group: '', version: 'v1', resource: 'namespaces' },
      name: 'shop',
      namespace: 'shop',
      operation: 'UPDATE',
      userInfo: user ?? { username: 'alice', groups: ['system:authenticated', 'team-shop'] },
      object: namespaceWith(after),
      oldObject: namespaceWith(before),
      ...request,
    },
  };
}

const guarded = (spec: Json = {}, guard: Json = {}, name = 'production'): PodPolicy =>
  policyOf({ mode: 'Enforce', ...spec, podSecurity: { level: 'privileged', labelGuard: guard } }, name);

interface Under {
  readonly policies?: readonly PodPolicy[];
  readonly unread?: readonly PodPolicy[];
  readonly ceiling?: Mode;
  readonly locale?: Language;
  readonly pods?: PodSource;
}

async function guard(update: Update, under: Under = {}): Promise<Answer> {
  const { policies = [guarded()], unread = [], ceiling = 'Enforce', locale = 'en', pods } = under;
  const context = {
    policies: createPolicySet({ policies, unread, ceiling }),
    ...offline,
    locale,
    ...(pods === undefined ? {} : { pods }),
  };
  const { response, ...rest } = await answerRequest(parseAdmissionReview(updateOf(update)), context);
  return { ...rest, response: JSON.parse(formatAdmissionReview(response)).response };
}

const isAllowed = async (update: Update, under?: Under): Promise<boolean> =>
  (await guard(update, under)).response.allowed;

describe('the guard of labels', () => {
  test('denies a lowering with path, found and wanted value, causes, id and audit annotations', async () => {
    const { response, id, findings } = await guard({ after: { [enforceLabel]: 'baseline' } });
    const sentence = 'is "baseline", must stay restricted or stricter';
    const path = `metadata.labels[${enforceLabel}]`;
    expect(response).toEqual({
      uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4',
      allowed: false,
      status: {
        code: 403,
        reason: 'Forbidden',
        message: [
          'Namespace shop: 1 violation of policy production',
          `  ✗ ${path}  ${sentence}   [namespaceLabelChange]`,
          `More: sekisho explain namespaceLabelChange     Id: ${id}`,
        ].join('\n'),
        details: {
          name: 'shop',
          group: '',
          kind: 'namespaces',
          causes: [{ reason: 'namespaceLabelChange', message: sentence, field: path }],
        },
      },
      auditAnnotations: { 'decision-id': id },
    });
    expect(findings).toMatchObject([{ policy: 'production', mode: 'Enforce', rule: { id: 'namespaceLabelChange' } }]);
  });

  test('speaks Japanese, and adds what the policy says to its denials', async () => {
    const policies = [guarded({ message: { ja: '質問は #platform へ' } })];
    const { response } = await guard({}, { policies, locale: 'ja' });
    expect(response.status?.message).toContain(
      'は 未設定 です。restricted かそれより厳しいレベルのままでなければなりません',
    );
    expect(response.status?.message).toContain('質問は #platform へ');
  });

  test('has the mode of its section, else of its policy, and no stricter one than the ceiling', async () => {
    const modes = async (policy: PodPolicy, ceiling: Mode = 'Enforce') => {
      const { findings, response } = await guard({}, { policies: [policy], ceiling });
      return [response.allowed, ...findings.map(({ mode }) => mode)];
    };
    expect(await modes(guarded())).toEqual([false, 'Enforce']);
    expect(await modes(guarded(), 'Warn')).toEqual([true, 'Warn']);
    expect(await modes(guarded({ mode: 'Audit' }))).toEqual([true, 'Audit']);
    const section = { level: 'privileged', mode: 'Warn', labelGuard: {} };
    expect(await modes(policyOf({ mode: 'Enforce', podSecurity: section }))).toEqual([true, 'Warn']);
  });

  test('warns in mode Warn, and leaves the audit log in mode Audit', async () => {
    const sentence = `production: metadata.labels[${enforceLabel}] is unset, must stay restricted or stricter [namespaceLabelChange]`;
    const warned = await guard({}, { ceiling: 'Warn' });
    expect(warned.response.warnings).toEqual([sentence]);
    const audited = await guard({}, { ceiling: 'Audit' });
    expect(audited.response).toMatchObject({ allowed: true, auditAnnotations: { 'audit-violations': sentence } });
    expect(audited.response.warnings).toBeUndefined();
  });

  test('a policy without labelGuard minds nothing', async () => {
    const policies = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } }), policyOf({}, 'empty')];
    expect(await isAllowed({}, { policies })).toBe(true);
  });

  test('every policy that guards is named', async () => {
    const { response } = await guard({}, { policies: [guarded({}, {}, 'one'), guarded({}, {}, 'two')] });
    expect(response.status?.message).toContain('Namespace shop: 1 violation of policies one, two');
  });
});

describe('who may lower labels', () => {
  const as = (username: string, ...groups: readonly string[]): Update => ({ user: { username, groups } });

  test('system:masters, where nobody else is named', async () => {
    expect(await isAllowed(as('admin', 'system:masters'))).toBe(true);
    expect(await isAllowed(as('admin', 'system:authenticated'))).toBe(false);
  });

  test('whoever is named, by user or by group, exactly', async () => {
    const policies = [guarded({}, { allow: { users: ['root'], groups: ['platform'] } })];
    for (const [update, allowed] of [
      [as('root'), true],
      [as('someone', 'team', 'platform'), true],
      [as('Root'), false],
      [as('root '), false],
      [as('platform'), false],
      [as('someone', 'platform-evil', 'root', '*'), false],
      [as('someone', 'system:masters'), false],
      [as(''), false],
      [{ user: {} }, false],
    ] as const) {
      expect([update, await isAllowed(update, { policies })]).toEqual([update, allowed]);
    }
  });

  test('a pattern in the policy means only itself', async () => {
    const policies = [guarded({}, { allow: { users: ['*'], groups: ['system:*'] } })];
    expect(await isAllowed(as('alice', 'system:masters'), { policies })).toBe(false);
  });

  test('nobody because his pods are left alone', async () => {
    const policies = [guarded({ match: { users: { exclude: ['alice'] } } })];
    expect(await isAllowed(as('alice'), { policies })).toBe(false);
  });

  test('each policy for itself: allowed by one is not allowed by all', async () => {
    const policies = [guarded({}, { allow: { users: ['alice'] } }, 'lax'), guarded({}, {}, 'strict')];
    const { response } = await guard(as('alice'), { policies });
    expect(response.status?.message).toContain('1 violation of policy strict');
  });
});

describe('which policies guard a namespace', () => {
  const selecting = guarded({ match: { namespaceSelector: { matchLabels: { tier: 'tenant' } } } });
  const restricted = { [enforceLabel]: 'restricted' };

  test('those that match its name', async () => {
    for (const [namespaces, allowed] of [
      [{ include: ['shop'] }, false],
      [{ include: ['team-*'] }, true],
      [{ exclude: ['sh*'] }, true],
    ] as const) {
      expect(await isAllowed({}, { policies: [guarded({ match: { namespaces } })] })).toBe(allowed);
    }
  });

  test('a change cannot switch off its own guard: the old labels count', async () => {
    const policies = [selecting];
    expect(await isAllowed({ before: { ...restricted, tier: 'tenant' }, after: {} }, { policies })).toBe(false);
    expect(await isAllowed({ before: { ...restricted, tier: 'tenant' }, after: { tier: 'free' } }, { policies })).toBe(
      false,
    );
  });

  test('nor can a change lower labels while it moves in: the new labels count', async () => {
    expect(await isAllowed({ before: restricted, after: { tier: 'tenant' } }, { policies: [selecting] })).toBe(false);
  });

  test('one that matches neither has no say', async () => {
    expect(await isAllowed({ before: restricted, after: {} }, { policies: [selecting] })).toBe(true);
  });

  test('moving out of a policy alone is no lowering of a Pod Security label', async () => {
    const policies = [selecting];
    expect(await isAllowed({ before: { ...restricted, tier: 'tenant' }, after: restricted }, { policies })).toBe(true);
  });

  test('conditions on pods do not narrow it', async () => {
    const match = { objectSelector: { matchLabels: { app: 'web' } } };
    const { findings } = await guard({}, { policies: [guarded({ match, mode: 'Warn' })] });
    expect(findings).toHaveLength(1);
  });
});

describe('labels that a policy respects', () => {
  const respecting = (level: string) =>
    policyOf({ mode: 'Enforce', podSecurity: { level, namespaceLabels: 'Respect', labelGuard: {} } });

  test('stand for its own level where they are missing: adding a weaker one lowers it', async () => {
    const update = { before: {}, after: { [enforceLabel]: 'baseline' } };
    const { response } = await guard(update, { policies: [respecting('restricted')] });
    expect(response.status?.details?.causes).toMatchObject([
      { message: 'is "baseline", must stay restricted or stricter', field: `metadata.labels[${enforceLabel}]` },
    ]);
    expect(await isAllowed(update, { policies: [respecting('baseline')] })).toBe(true);
    expect(await isAllowed(update)).toBe(true);
  });
});

describe('what is not asked', () => {
  test('only updates: creating and deleting a namespace pass', async () => {
    for (const operation of ['CREATE', 'DELETE', 'CONNECT']) {
      expect(await isAllowed({ request: { operation } })).toBe(true);
    }
  });

  test('status and finalize write labels too, so they are judged like any update', async () => {
    for (const subResource of ['status', 'finalize']) {
      expect(await isAllowed({ request: { subResource } })).toBe(false);
    }
  });

  test('namespaces of another group are none', async () => {
    const resource = { group: 'example.com', version: 'v1', resource: 'namespaces' };
    expect(await isAllowed({ request: { resource } })).toBe(true);
  });

  test('an update that leaves the labels is silent, also where they are weak or cannot be read', async () => {
    for (const labels of [{}, { [enforceLabel]: 'privileged' }, { [enforceLabel]: 'nonsense' }]) {
      const { response, findings } = await guard({ before: labels, after: { ...labels, team: 'shop' } });
      expect([response.allowed, findings, response.auditAnnotations]).toEqual([true, [], undefined]);
    }
  });

  test('a dry run gets the same verdict', async () => {
    expect(await isAllowed({ request: { dryRun: true } })).toBe(false);
  });

  test('a canary of the namespace that is updated expects no warning', async () => {
    const context = {
      policies: createPolicySet({ policies: [], ceiling: 'Enforce' }),
      ...offline,
      locale: 'en',
    } as const;
    const request = parseAdmissionReview(updateOf({}));
    const { response } = await answerRequest(request, { ...context, canaryNamespace: 'shop' });
    expect(response.warnings).toBeUndefined();
  });
});

describe('hostile updates of a namespace', () => {
  test('labels that are none count as removed', async () => {
    for (const object of [
      null,
      undefined,
      7,
      [],
      {},
      { metadata: null },
      { metadata: { labels: [] } },
      { metadata: { labels: { [enforceLabel]: 7 } } },
      { metadata: { labels: JSON.parse('{"__proto__": {"pod-security.kubernetes.io/enforce": "restricted"}}') } },
    ]) {
      expect([object, await isAllowed({ request: { object } })]).toEqual([object, false]);
    }
  });

  test('labels called constructor and __proto__ are labels', async () => {
    const labels = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}');
    expect(await isAllowed({ before: labels, after: {} })).toBe(true);
  });

  test('a found value is escaped and cut', async () => {
    const value = `\u001b[2J"${'x'.repeat(5_000)}`;
    const audit = 'pod-security.kubernetes.io/audit';
    const { response } = await guard({ before: { [audit]: 'baseline' }, after: { [audit]: value } });
    const message = response.status?.message ?? '';
    expect(message).toContain('\\u001b[2J');
    expect(message).not.toContain('\u001b');
    expect(message.length).toBeLessThan(600);
  });

  test.each([
    ['request.userInfo.groups', { groups: 'system:masters' }],
    ['request.userInfo.groups', { groups: { 0: 'system:masters' } }],
    ['request.userInfo.groups[1]', { groups: ['a', 7] }],
    ['request.userInfo.groups[0]', { groups: [['system:masters']] }],
    ['request.userInfo.groups', { groups: Array.from({ length: 10_001 }, () => 'a') }],
    ['request.userInfo.username', { username: ['root'] }],
    ['request.userInfo', 'root'],
  ])('groups that are none are refused by name: %s', (field, userInfo) => {
    const review = updateOf({ request: { userInfo } });
    expect(() => parseAdmissionReview(review)).toThrow(new RegExp(`${field.replace(/[[\].]/g, '\\$&')} must`));
  });

  test('absent groups are none', () => {
    for (const userInfo of [null, {}, { groups: null }, { username: 'a' }]) {
      expect(parseAdmissionReview(updateOf({ request: { userInfo } })).groups).toEqual([]);
    }
  });
});

describe('a policy that cannot be read', () => {
  const broken = (namespaces: Json) => {
    const spec = { mode: 'Enforce', match: { namespaces }, podSecurity: { level: 'nonsense' } };
    const document = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'broken' }, spec };
    return [salvagePolicy(document) ?? guarded()];
  };

  test('may guard what it matches: a lowering gets its finding', async () => {
    const { response, findings } = await guard({}, { policies: [], unread: broken({}) });
    expect([response.allowed, findings.length, findings[0]?.error]).toEqual([false, 1, true]);
    expect(response.status?.message).toContain('the policy could not be read');
  });

  test('minds no other change, and no other namespace', async () => {
    const after = { [enforceLabel]: 'restricted', team: 'shop' };
    expect(await isAllowed({ after }, { policies: [], unread: broken({}) })).toBe(true);
    expect(await isAllowed({}, { policies: [], unread: broken({ include: ['other'] }) })).toBe(true);
  });
});

/** Pods as the API server lists them, in pages of two, and how often they were asked for. */
function podsOf(pods: readonly unknown[], end?: Partial<PodPage> | Error): PodSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async *pages({ name, uid }) {
      asked.push(`${name} ${uid}`);
      for (let from = 0; from < pods.length; from += 2) yield { pods: pods.slice(from, from + 2) };
      if (end instanceof Error) throw end;
      if (end !== undefined) yield { pods: [], ...end };
    },
  };
}

describe('pods that are there when labels ask for more', () => {
  const inTier = policyOf({
    mode: 'Enforce',
    match: { namespaceSelector: { matchLabels: { tier: 'tenant' } } },
    podSecurity: { level: 'baseline' },
  });
  const movesIn: Update = { before: {}, after: { tier: 'tenant' } };
  const pod = (name: string, spec: Json = {}): Json => podWith(spec, { name, namespace: 'shop' });
  const bad = { hostPID: true };
  const warningsOf = async (update: Update, under: Under) => (await guard(update, under)).response.warnings;

  test('are named, those that would be refused for the same in one line, in the order of the alphabet', async () => {
    const pods = podsOf([
      pod('web-2', bad),
      pod('web-1', bad),
      pod('good'),
      pod('db', { hostPID: true, containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] }),
      pod('web-3', bad),
    ]);
    expect(await warningsOf(movesIn, { policies: [inTier], pods })).toEqual([
      '4 of 5 existing pods in namespace shop would be refused under its new labels',
      'db: production [hostNamespaces privileged]',
      'web-1 (and 2 other pods): production [hostNamespaces]',
    ]);
    expect(pods.asked).toEqual(['shop 5e8c']);
  });

  test('are told in every language', async () => {
    const pods = podsOf([pod('a', bad), pod('b', bad)]);
    expect(await warningsOf(movesIn, { policies: [inTier], pods, locale: 'both' })).toEqual([
      '2 of 2 existing pods in namespace shop would be refused under its new labels',
      'a (and 1 other pod): production [hostNamespaces]',
      '新しいラベルの下では、名前空間 shop の既存の Pod 2 個のうち 2 個が拒否されます',
      'a（他 1 個）: production [hostNamespaces]',
    ]);
  });

  test('are told to everybody, and are no finding', async () => {
    const user = { username: 'admin', groups: ['system:masters'] };
    const { response, findings, id } = await guard(
      { ...movesIn, user },
      { policies: [inTier], pods: podsOf([pod('a', bad)]) },
    );
    expect([response.allowed, response.warnings?.length, findings, id]).toEqual([true, 2, [], undefined]);
  });

  test('that all comply are not worth a word', async () => {
    expect(await warningsOf(movesIn, { policies: [inTier], pods: podsOf([pod('a'), pod('b')]) })).toBeUndefined();
  });

  test('are not refused for the node that the scheduler gave them', async () => {
    const { match } = inTier.spec;
    const policy = policyOf({ mode: 'Enforce', match, practices: { disallowNodeName: {}, disallowHostAliases: {} } });
    const aliases = { hostAliases: [{ ip: '192.0.2.7', hostnames: ['db'] }] };
    const pods = podsOf([pod('a', { nodeName: 'node-1' }), pod('b', { nodeName: 'node-1', ...aliases })]);
    expect(await warningsOf(movesIn, { policies: [policy], pods })).toEqual([
      '1 of 2 existing pods in namespace shop would be refused under its new labels',
      'b: production [disallowHostAliases]',
    ]);
  });

  test('are not read where nothing more is asked', async () => {
    const pods = podsOf([pod('a', bad)]);
    const updates: readonly Update[] = [
      { before: { tier: 'tenant' }, after: {} },
      { before: { tier: 'tenant' }, after: { tier: 'tenant', team: 'shop' } },
      { before: { tier: 'tenant' }, after: { tier: 'tenant' } },
    ];
    for (const update of updates) await guard(update, { policies: [inTier], pods });
    await guard(movesIn, { policies: [inTier], pods, ceiling: 'Warn' });
    expect(pods.asked).toEqual([]);
  });

  test('are not read where less is asked: a stronger rule refused what its weaker one would', async () => {
    const pods = podsOf([pod('a', bad)]);
    const respecting = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline', namespaceLabels: 'Respect' } });
    expect(await warningsOf({ after: {} }, { policies: [respecting], pods })).toBeUndefined();
    expect(pods.asked).toEqual([]);
  });

  test('of what the enforce label asks for the API server warns itself: nothing is said twice', async () => {
    const pods = podsOf([pod('a', bad)]);
    const after = { tier: 'tenant', [enforceLabel]: 'baseline' };
    expect(await warningsOf({ before: {}, after }, { policies: [inTier], pods })).toBeUndefined();
    expect(pods.asked).toEqual([]);
    const restricted = policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' }, match: inTier.spec.match });
    const unset = [{ name: 'a', image: 'a' }];
    const more = podsOf([pod('a', bad), pod('b', { ...bad, containers: unset })]);
    expect(await warningsOf({ before: {}, after }, { policies: [restricted], pods: more })).toEqual([
      '1 of 2 existing pods in namespace shop would be refused under its new labels',
      'b: production [allowPrivilegeEscalation capabilities_restricted runAsNonRoot seccompProfile_restricted]',
    ]);
  });

  test('are not read for a change that is denied', async () => {
    const pods = podsOf([pod('a', bad)]);
    const update = { before: { [enforceLabel]: 'baseline' }, after: { tier: 'tenant' } };
    const { response } = await guard(update, { policies: [inTier, guarded({}, {}, 'guard')], pods });
    expect([response.allowed, response.warnings, pods.asked]).toEqual([false, undefined, []]);
  });

  test('that were not all looked at are told as such', async () => {
    const some = podsOf([pod('a', bad), pod('b')], { remaining: 97 });
    expect(await warningsOf(movesIn, { policies: [inTier], pods: some })).toEqual([
      'the new labels were only checked against the first 2 of 99 existing pods',
      '1 of 2 existing pods in namespace shop would be refused under its new labels',
      'a: production [hostNamespaces]',
    ]);
  });

  test('that cannot be listed do not stop the change, and nobody is told that all is well', async () => {
    const none = podsOf([], new SekishoError('ClusterUnreachable', 'no complete answer within 1000 ms'));
    expect(await guard(movesIn, { policies: [inTier], pods: none })).toMatchObject({
      response: {
        allowed: true,
        warnings: ['the new labels were only checked against 0 existing pods: no complete answer within 1000 ms'],
      },
    });
  });

  test('that are no pods are passed over', async () => {
    const pods = podsOf([null, 7, {}, { spec: [] }, pod('a', bad)]);
    expect(await warningsOf(movesIn, { policies: [inTier], pods })).toContain('a: production [hostNamespaces]');
  });

  test('of many kinds fill no more than their share of the warnings, each of which the API server delivers', async () => {
    const caps = (index: number) => ({
      containers: Array.from({ length: index + 1 }, (_, i) => ({ name: `c${i}`, image: 'a' })),
    });
    const rules = ['hostPID', 'hostIPC', 'hostNetwork'];
    const many = Array.from({ length: 200 }, (_, index) =>
      pod(`p${String(index).padStart(3, '0')}${'x'.repeat(200)}`, { ...caps(0), [rules[index % 3] ?? '']: true }),
    );
    const policies = Array.from({ length: 40 }, (_, index) =>
      policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' }, match: inTier.spec.match }, `policy-${index}`),
    );
    const warnings = (await warningsOf(movesIn, { policies, pods: podsOf(many), locale: 'both' })) ?? [];
    expect(warnings.every((line) => [...line].length <= 256)).toBe(true);
    expect(warnings.join('').length).toBeLessThanOrEqual(4_096);
  });
});
