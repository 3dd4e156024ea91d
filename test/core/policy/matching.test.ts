import { describe, expect, test } from 'vitest';
import { meansController } from '../../../src/core/policy/controller-user.ts';
import { parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { salvagePolicy } from '../../../src/core/policy/unread-policy.ts';
import {
  answer,
  isAllowed,
  type Json,
  labelled,
  podWith,
  policyOf,
  reviewOf,
  unreadableNamespaces,
  wrap,
} from '../../admission-requests.ts';

const bad = podWith({ hostPID: true });
const matching = (match: Json, more: Json = {}) =>
  policyOf({ mode: 'Enforce', match, podSecurity: { level: 'baseline', ...more } });
const warning = (match: Json) => policyOf({ mode: 'Warn', match, podSecurity: { level: 'baseline' } });
const teamOnly = { namespaceSelector: { matchLabels: { team: 'a' } } };

describe('a namespaceSelector', () => {
  test('selects by the labels of the namespace', async () => {
    const policies = [matching(teamOnly)];
    expect(await isAllowed(bad, { policies, namespaces: labelled({ team: 'a' }) })).toBe(false);
    expect(await isAllowed(bad, { policies, namespaces: labelled({ team: 'b' }) })).toBe(true);
    expect(await isAllowed(bad, { policies, namespaces: labelled({}) })).toBe(true);
  });

  test('stands beside the names: both must hold', async () => {
    const policies = [matching({ ...teamOnly, namespaces: { exclude: ['lab'] } })];
    const namespaces = labelled({ team: 'a' });
    expect(await isAllowed(bad, { policies, namespaces, namespace: 'lab' })).toBe(true);
    expect(await isAllowed(bad, { policies, namespaces, namespace: 'shop' })).toBe(false);
  });
});

describe('a namespace that could not be read', () => {
  test('is no way around a policy that selects by its labels: a compliant pod is denied, and says why', async () => {
    const { response, findings } = await answer(reviewOf(podWith()), {
      policies: [matching(teamOnly)],
      namespaces: unreadableNamespaces,
    });
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain('the namespace could not be read: connection refused');
    expect(response.status?.message).toContain('[namespaceUnreadable]');
    expect(response.auditAnnotations).toMatchObject({
      error: expect.stringContaining('the namespace could not be read'),
      'enforce-policy': 'production',
    });
    expect(findings).toMatchObject([{ rule: { id: 'namespaceUnreadable' }, mode: 'Enforce', error: true }]);
  });

  test('says so in Japanese', async () => {
    const { response } = await answer(reviewOf(podWith()), {
      policies: [matching(teamOnly)],
      namespaces: unreadableNamespaces,
      locale: 'ja',
    });
    expect(response.status?.message).toContain('Namespace を読み取れませんでした: connection refused');
  });

  test('is judged as far as it can be where only its Pod Security labels are wanted', async () => {
    const { findings } = await answer(reviewOf(bad), {
      policies: [matching({})],
      namespaces: unreadableNamespaces,
    });
    expect(findings.map(({ rule }) => rule.id)).toEqual(['hostNamespaces', 'namespaceUnreadable'].reverse());
  });

  test('whose labels may replace the level is not judged by the level', async () => {
    const { findings } = await answer(reviewOf(bad), {
      policies: [matching({}, { namespaceLabels: 'Respect' })],
      namespaces: unreadableNamespaces,
    });
    expect(findings.map(({ rule }) => rule.id)).toEqual(['namespaceUnreadable']);
  });

  test.each([
    ['a policy that does not read labels', matching({}, { namespaceLabels: 'Ignore' }), []],
    ['a policy that excludes it by name', matching({ ...teamOnly, namespaces: { exclude: ['shop'] } }), []],
    ['a policy that does not include it', matching({ ...teamOnly, namespaces: { include: ['other'] } }), []],
    [
      'a policy that selects by the name alone, and this is not it',
      matching({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }),
      [],
    ],
    ['a policy that asks nothing', policyOf({ mode: 'Enforce', match: teamOnly }), []],
  ])('concerns not %s', async (_what, policy, ids) => {
    const { findings } = await answer(reviewOf(podWith()), { policies: [policy], namespaces: unreadableNamespaces });
    expect(findings.map(({ rule }) => rule.id)).toEqual(ids);
  });

  test.each([
    ['the mode of the policy', { mode: 'Warn', podSecurity: { level: 'baseline' } }, 'Warn'],
    ['the mode of the section', { podSecurity: { level: 'baseline', mode: 'Enforce' } }, 'Enforce'],
    [
      'the mode of its strictest rule, where nobody knows whether the policy has a say',
      { podSecurity: { level: 'baseline', rules: { hostPorts: { mode: 'Enforce' } } } },
      'Enforce',
    ],
  ])('leads to %s', async (_what, spec, mode) => {
    const { findings } = await answer(reviewOf(podWith()), {
      policies: [policyOf({ match: teamOnly, ...spec })],
      namespaces: unreadableNamespaces,
    });
    expect(findings.map((finding) => finding.mode)).toEqual([mode]);
  });

  test('leads no further than the ceiling, nor for a template than workloads', async () => {
    const under = { namespaces: unreadableNamespaces, ceiling: 'Audit' } as const;
    expect(await isAllowed(podWith(), { policies: [matching(teamOnly)], ...under })).toBe(true);
    const template = (workloads: string) =>
      answer(reviewOf(wrap('Deployment', podWith()), { kind: 'Deployment' }), {
        policies: [matching(teamOnly, { workloads })],
        namespaces: unreadableNamespaces,
      });
    expect((await template('Warn')).findings).toMatchObject([{ mode: 'Warn' }]);
    expect((await template('Ignore')).findings).toEqual([]);
  });

  test('hides nothing that other policies find, and is one line for all that would have to know it', async () => {
    const { response } = await answer(reviewOf(bad), {
      policies: [matching(teamOnly), policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } }, 'team')],
      namespaces: unreadableNamespaces,
    });
    expect(response.status?.message).toContain('[namespaceUnreadable · production, team]');
    expect(response.status?.message).toContain('[hostNamespaces · team]');
  });

  test('that nobody could be asked for is a finding only where the policy selects by labels', async () => {
    const { findings, response } = await answer(reviewOf(podWith()), { policies: [matching({}), matching(teamOnly)] });
    expect(findings.map(({ rule }) => rule.id)).toEqual(['namespaceUnreadable']);
    expect(response.status?.message).toContain('the labels of the namespace are not known');
  });
});

describe('an objectSelector', () => {
  const policies = [warning({ objectSelector: { matchLabels: { tier: 'web' } } })];
  const warnings = async (object: Json, kind = 'Pod') =>
    (await answer(reviewOf(object, { kind }), { policies })).response.warnings?.length ?? 0;

  test('selects by the labels of the applied object, not of a template in it', async () => {
    expect(await warnings(podWith({ hostPID: true }, { labels: { tier: 'web' } }))).toBe(1);
    expect(await warnings(bad)).toBe(0);
    const template = wrap('Deployment', podWith({ hostPID: true }, { labels: { tier: 'web' } }));
    expect(await warnings(template, 'Deployment')).toBe(0);
    const labels = { tier: 'web' };
    expect(await warnings({ ...template, metadata: { name: 'web', labels } }, 'Deployment')).toBe(1);
  });

  test('is not fooled by labels that are none', async () => {
    for (const labels of ['tier=web', null, [['tier', 'web']], { tier: 1 }, { tier: null }]) {
      expect(await warnings(podWith({ hostPID: true }, { labels }))).toBe(0);
    }
  });
});

describe('excluded users', () => {
  const policies = [matching({ users: { exclude: ['ops-*'] } })];

  test('are not judged, by the name they send the request with', async () => {
    expect(await isAllowed(bad, { policies, user: 'ops-anna' })).toBe(true);
    expect(await isAllowed(bad, { policies, user: 'dev-anna' })).toBe(false);
  });

  test('are never those without a name', async () => {
    const all = [matching({ users: { exclude: ['*'], allowControllers: true } })];
    expect(await isAllowed(bad, { policies: all, user: '' })).toBe(false);
    expect(await isAllowed(bad, { policies: all })).toBe(true);
  });
});

describe('excluded runtime classes', () => {
  const policies = [matching({ runtimeClasses: { exclude: ['kata-*'] } })];
  const runIn = (runtimeClassName: unknown) => podWith({ hostPID: true, runtimeClassName });

  test('are those of the pod, also in a template', async () => {
    expect(await isAllowed(runIn('kata-qemu'), { policies })).toBe(true);
    expect(await isAllowed(runIn('runc'), { policies })).toBe(false);
    expect(await isAllowed(bad, { policies })).toBe(false);
    expect(await isAllowed(wrap('CronJob', runIn('kata-qemu')), { policies, kind: 'CronJob' })).toBe(true);
    expect(await isAllowed(wrap('CronJob', bad), { policies, kind: 'CronJob' })).toBe(false);
  });

  test('are never what is no name', async () => {
    const all = [matching({ runtimeClasses: { exclude: ['*'] } })];
    for (const name of ['', null, 7, ['kata']]) expect(await isAllowed(runIn(name), { policies: all })).toBe(false);
  });
});

const issuesOf = (spec: Json) => {
  const parsed = parsePodPolicy({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicy',
    metadata: { name: 'production' },
    spec,
  });
  return 'issues' in parsed ? parsed.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
};

describe('an objectSelector is refused beside anything that denies', () => {
  const match = { objectSelector: { matchLabels: { tier: 'web' } } };
  test.each([
    [{ mode: 'Enforce' }, 'mode'],
    [{ podSecurity: { level: 'baseline', mode: 'Enforce' } }, 'podSecurity.mode'],
    [
      { podSecurity: { level: 'baseline', rules: { hostPorts: { mode: 'Enforce' } } } },
      'podSecurity.rules.hostPorts.mode',
    ],
  ])('%j', (spec, field) => {
    expect(issuesOf({ match, ...spec })).toEqual([
      `spec.match.objectSelector: cannot stand beside ${field}: Enforce: whoever writes the object writes its labels`,
    ]);
  });

  test('and not beside what only warns, nor where it selects everything', () => {
    expect(issuesOf({ match, mode: 'Warn', podSecurity: { level: 'baseline', mode: 'Audit' } })).toEqual([]);
    expect(issuesOf({ match: { objectSelector: {} }, mode: 'Enforce' })).toEqual([]);
  });

  test('such a policy keeps its selector only to warn', () => {
    const spec = { mode: 'Enforce', match };
    const document = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'x' }, spec };
    expect(salvagePolicy(document)?.spec).toMatchObject({ mode: 'Warn', match });
  });
});

describe('a pattern of users that means controllers', () => {
  test.each([
    '*',
    'system:*',
    '*controller',
    'system:serviceaccount:*',
    'system:serviceaccount:kube-*:*',
    'system:serviceaccount:kube-system:*',
    'system:serviceaccount:kube-system:replicaset-controller',
    '*:kube-system:job-*',
    's*:*:*:*',
    '*:replicaset-controller',
    'system:kube-controller-manager',
    'system:kube-*',
    '**',
  ])('%s is refused, and taken with allowControllers', (pattern) => {
    expect(meansController(pattern)).toBe(true);
    expect(issuesOf({ match: { users: { exclude: ['alice', pattern] } } })).toEqual([
      expect.stringMatching(/^spec\.match\.users\.exclude\.1: means controllers of kube-system/),
    ]);
    expect(issuesOf({ match: { users: { exclude: [pattern], allowControllers: true } } })).toEqual([]);
  });

  test.each([
    'alice',
    'system:admin',
    'system:node:*',
    'system:serviceaccount:ops:*',
    'system:serviceaccount:kube-system',
    'system:serviceaccount:kube-system:',
    '*@example.com',
    'system:serviceaccount:kube-system-2:*',
    '*:OPS:*',
  ])('%s does not', (pattern) => {
    expect(meansController(pattern)).toBe(false);
    expect(issuesOf({ match: { users: { exclude: [pattern] } } })).toEqual([]);
  });
});

test('a name longer than any user can have is nobody whom a pattern means', async () => {
  const policies = [matching({ users: { exclude: ['ops-*'] } })];
  expect(await isAllowed(bad, { policies, user: `ops-${'a'.repeat(1_000)}` })).toBe(true);
  expect(await isAllowed(bad, { policies, user: `ops-${'a'.repeat(100_000)}` })).toBe(false);
});
