import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createWorkloads, type WorkloadKind } from '../../src/core/pod/workloads.ts';
import { formatWebhookConfiguration } from '../../src/io/files/webhook-configuration.ts';
import { describeCase } from '../harness/case.ts';
import { findObject, podOf, type Rendering, renderObjects } from '../harness/helm.ts';

describeCase('the webhook configuration of the chart', ['helm'], () => {
  interface Entry {
    readonly name: string;
    readonly rules: unknown;
    readonly failurePolicy: string;
    readonly objectSelector?: unknown;
    readonly matchConditions?: unknown;
    readonly clientConfig: { readonly caBundle?: string };
    readonly namespaceSelector: { readonly matchExpressions: readonly object[] };
  }
  interface Configuration {
    readonly webhooks: readonly [Entry, Entry, Entry];
  }
  const configuration = async (rendering: Rendering = {}) => {
    const objects = await renderObjects(rendering);
    return findObject(objects, 'ValidatingWebhookConfiguration', 'sekisho') as unknown as Configuration;
  };

  test('asks for what serve --dev asks for', async () => {
    for (const guard of [false, true]) {
      const text = formatWebhookConfiguration({ url: 'https://127.0.0.1', authority: '', guard });
      const development = parse(text) as Configuration;
      const { webhooks } = await configuration({ values: { guard: { enabled: guard } } });
      const asked = ({ name, rules, matchConditions }: Entry) => ({ name, rules, matchConditions });
      expect(webhooks.map(asked)).toEqual(development.webhooks.map(asked));
      expect(webhooks.map(({ name }) => name)).toEqual([
        'pods.sekisho.dev',
        'policies.sekisho.dev',
        ...(guard ? ['guard.sekisho.dev'] : []),
      ]);
      expect(webhooks.map(({ objectSelector }) => objectSelector)).toEqual(webhooks.map(() => undefined));
    }
  });

  test('never fails our own kinds for want of an answer, and guards every namespace', async () => {
    const values = { mode: 'Enforce', guard: { enabled: true }, webhook: { excludedNamespaces: ['shop'] } };
    const [, policies, guard] = (await configuration({ values })).webhooks;
    expect([policies.failurePolicy, guard.failurePolicy]).toEqual(['Ignore', 'Fail']);
    expect([policies.namespaceSelector, guard.namespaceSelector]).toEqual([undefined, undefined]);
  });

  test('every entry reaches the same place and trusts the same CA', async () => {
    for (const variant of [undefined, 'existing-certificate-values.yaml']) {
      const rendering = { values: { guard: { enabled: true } }, ...(variant === undefined ? {} : { variant }) };
      const [first, ...others] = (await configuration(rendering)).webhooks;
      expect(others.map(({ clientConfig }) => clientConfig)).toEqual(others.map(() => first.clientConfig));
    }
  });

  test('asks for custom kinds as serve --dev does, and the settings name them', async () => {
    const rollout = { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts' };
    const given: readonly WorkloadKind[] = [
      { ...rollout, path: 'spec.template' },
      { ...rollout, path: 'spec.others[*].template' },
      { group: 'batch.example', kind: 'Odd', resource: 'yes', path: 'template' },
    ];
    const rendering = { values: { workloadKinds: given } };
    const settings = findObject(await renderObjects(rendering), 'ConfigMap', 'sekisho-settings');
    const { 'settings.yaml': text } = settings['data'] as { readonly 'settings.yaml': string };
    const { workloadKinds } = parse(text) as { readonly workloadKinds: readonly WorkloadKind[] };
    expect(workloadKinds).toEqual(given);
    const { custom } = createWorkloads(workloadKinds);
    const endpoint = { url: 'https://127.0.0.1', authority: '', custom, guard: false };
    const development = parse(formatWebhookConfiguration(endpoint)) as Configuration;
    const { webhooks } = await configuration(rendering);
    expect(webhooks[0].rules).toEqual(development.webhooks[0].rules);
  });

  test('leaves out our own namespace and kube-system by the label nobody can change, whatever else is excluded', async () => {
    const [entry] = (await configuration({ namespace: 'guards' })).webhooks;
    const own = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['guards', 'kube-system'] };
    expect(entry.namespaceSelector).toEqual({ matchExpressions: [own] });
    const more = {
      excludedNamespaces: ['shop'],
      namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    };
    const [wider] = (await configuration({ namespace: 'guards', values: { webhook: more } })).webhooks;
    expect(wider.namespaceSelector).toEqual({
      matchExpressions: [
        { ...own, values: [...own.values, 'shop'] },
        { key: 'a', operator: 'Exists' },
      ],
    });
  });

  test.each([
    ['Audit', '', 'Ignore'],
    ['Warn', '', 'Ignore'],
    ['Enforce', '', 'Fail'],
    ['Enforce', 'Ignore', 'Ignore'],
    ['Audit', 'Fail', 'Fail'],
  ])('of mode %s and failurePolicy "%s" has %s', async (mode, failurePolicy, expected) => {
    const { webhooks } = await configuration({ values: { mode, webhook: { failurePolicy } } });
    expect(webhooks[0].failurePolicy).toBe(expected);
  });

  test('leaves to the controller what the controller fills', async () => {
    const objects = await renderObjects();
    expect((await configuration()).webhooks[0].clientConfig).not.toHaveProperty('caBundle');
    expect(Object.keys(findObject(objects, 'Secret', 'sekisho-ca')).sort()).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'type',
    ]);
    expect(Object.keys(findObject(objects, 'Lease', 'sekisho-controller')).sort()).toEqual([
      'apiVersion',
      'kind',
      'metadata',
    ]);
  });

  test('carries a given CA, whether that was PEM or base64 of it, and nothing of mode self is rendered', async () => {
    const variant = 'existing-certificate-values.yaml';
    const { webhooks } = await configuration({ variant });
    const pem = Buffer.from(webhooks[0].clientConfig.caBundle ?? '', 'base64').toString();
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----$/);
    const values = { certificates: { existing: { caBundle: Buffer.from(pem).toString('base64') } } };
    expect((await configuration({ variant, values })).webhooks[0].clientConfig.caBundle).toBe(
      webhooks[0].clientConfig.caBundle,
    );
    const objects = await renderObjects({ variant });
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const serve = podOf(findObject(objects, 'Deployment', 'sekisho-serve'))?.spec;
    // Namespaces and policies are watched all the same.
    expect(serve?.automountServiceAccountToken).toBe(true);
    expect(serve?.containers[0]?.args).toContain('--cert=/etc/sekisho/certificate/tls.crt');
  });
});
