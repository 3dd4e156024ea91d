import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createWorkloads } from '../../../src/core/pod/workloads.ts';
import { interceptionOf } from '../../../src/io/canaries/interception.ts';
import { formatWebhookConfiguration } from '../../../src/io/files/webhook-configuration.ts';
import { canaryNamespace, configurationWith, goodEntry, paths } from './canary-cluster.ts';

/** The paths that are open, with the reason. */
function openPaths(...webhooks: object[]): Record<string, string> {
  const states = interceptionOf(configurationWith(...webhooks), canaryNamespace);
  expect(states.map(({ path }) => path).sort()).toEqual([...paths].sort());
  return Object.fromEntries(states.flatMap((each) => (each.state === 'covered' ? [] : [[each.path, each.reason]])));
}

const every = (reason: string) => Object.fromEntries(paths.map((path) => [path, reason]));
const byName = (operator: string, values?: string[]) => ({
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator, ...(values && { values }) }],
});

describe('a webhook configuration intercepts every path', () => {
  test.each([
    ['as the chart makes it', [goodEntry]],
    ['where the API server has filled in what was left out', [{ ...goodEntry, objectSelector: undefined }]],
    [
      'in two entries',
      [
        { ...goodEntry, rules: goodEntry.rules.slice(0, 2) },
        { ...goodEntry, rules: goodEntry.rules.slice(2) },
      ],
    ],
    [
      'by wildcards',
      [
        {
          ...goodEntry,
          rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'], scope: '*' }],
        },
      ],
    ],
    [
      'with a selector by labels that the canaries pass',
      [{ ...goodEntry, namespaceSelector: { matchLabels: { a: 'b' } } }],
    ],
    ['beside an entry for something else', [{ name: 'other', rules: [] }, goodEntry]],
  ])('%s', (_how, webhooks) => {
    expect(openPaths(...webhooks)).toEqual({});
  });

  test('of serve --dev', () => {
    const { webhooks } = parse(formatWebhookConfiguration({ url: 'https://127.0.0.1', authority: '', guard: true }));
    expect(openPaths(...webhooks)).toEqual({});
  });
});

describe('a path is open', () => {
  test('of which a rule was removed', () => {
    const [first, , apps, batch] = goodEntry.rules;
    const reason = 'no rule of the webhook configuration for UPDATE';
    expect(openPaths({ ...goodEntry, rules: [first, apps, batch] })).toEqual({
      'pods/ephemeralcontainers': reason,
      'pods/resize': reason,
    });
  });

  test('of which one operation is missing', () => {
    const rules = goodEntry.rules.map((rule) => ({ ...rule, operations: ['CREATE'] }));
    expect(openPaths({ ...goodEntry, rules })).toEqual(every('no rule of the webhook configuration for UPDATE'));
  });

  test.each([
    ['matchPolicy', { matchPolicy: 'Exact' }, 'entry pods.sekisho.dev: matchPolicy Exact'],
    [
      'objectSelector',
      { objectSelector: { matchLabels: { judged: 'yes' } } },
      'entry pods.sekisho.dev: an objectSelector, which tenants can evade',
    ],
    [
      'matchConditions',
      { matchConditions: [{ name: 'a', expression: 'false' }] },
      'entry pods.sekisho.dev: matchConditions leave requests out',
    ],
    [
      'another version',
      { rules: goodEntry.rules.map((rule) => ({ ...rule, apiVersions: ['v1beta1'] })) },
      'no rule of the webhook configuration for CREATE',
    ],
    [
      'another scope',
      { rules: goodEntry.rules.map((rule) => ({ ...rule, scope: 'Cluster' })) },
      'no rule of the webhook configuration for CREATE',
    ],
  ])('by its %s', (_what, change, reason) => {
    const open = openPaths({ ...goodEntry, ...change });
    expect(Object.keys(open).sort()).toEqual([...paths].sort());
    expect(open['pods']).toBe(reason);
  });

  test.each([
    ['NotIn', ['kube-system', canaryNamespace]],
    ['In', ['shop']],
    ['DoesNotExist', undefined],
  ])('where the namespace of the canaries is left out by %s', (operator, values) => {
    const open = openPaths({ ...goodEntry, namespaceSelector: byName(operator, values) });
    expect(Object.keys(open)).toHaveLength(paths.length);
    expect(open['pods']).toMatch(/leaves out the namespace of the canaries, sekisho-canary$/);
  });

  test.each([[[]], [[null]], [[{ rules: 'pods' }]], [[{ rules: [null, { resources: 'pods' }] }]]])(
    'where the configuration is %j',
    (webhooks) => {
      const states = interceptionOf({ webhooks }, canaryNamespace);
      expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['open']));
    },
  );
});

describe('a kind of the settings', () => {
  const { custom } = createWorkloads([
    { group: 'batch.volcano.sh', kind: 'Job', resource: 'jobs', path: 'spec.tasks[*].template' },
  ]);
  const path = 'jobs.batch.volcano.sh';
  const rule = { ...goodEntry.rules[0], apiGroups: ['batch.volcano.sh'], apiVersions: ['*'], resources: ['jobs'] };
  const stateWith = (...more: readonly object[]) => {
    const entry = { ...goodEntry, rules: [...goodEntry.rules, ...more] };
    return interceptionOf(configurationWith(entry), canaryNamespace, custom).find((each) => each.path === path);
  };

  test('is a path of its own, with its group', () => {
    expect(stateWith(rule)).toEqual({ path, state: 'covered' });
    expect(interceptionOf(configurationWith(goodEntry), canaryNamespace).map((each) => each.path)).not.toContain(path);
  });

  test.each([
    ['no rule', []],
    ['the rule of another group', [{ ...rule, apiGroups: ['batch'] }]],
    ['a rule for one of its versions: it may be served in others', [{ ...rule, apiVersions: ['v1alpha1'] }]],
  ])('is open with %s', (_what, rules) => {
    const reason = 'no rule of the webhook configuration for CREATE';
    expect(stateWith(...rules)).toEqual({ path, state: 'open', reason });
  });

  test('is open where one of its operations has no rule', () => {
    const reason = 'no rule of the webhook configuration for UPDATE';
    expect(stateWith({ ...rule, operations: ['CREATE'] })).toEqual({ path, state: 'open', reason });
  });
});
