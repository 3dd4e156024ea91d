import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatWebhookConfiguration } from '../../src/io/files/webhook-configuration.ts';
import { describeCase } from '../harness/case.ts';
import { findObject, podOf, type Rendering, renderObjects } from '../harness/helm.ts';

describeCase('the webhook configuration of the chart', ['helm'], () => {
  interface Configuration {
    readonly webhooks: readonly [
      {
        readonly rules: unknown;
        readonly failurePolicy: string;
        readonly objectSelector?: unknown;
        readonly clientConfig: { readonly caBundle?: string };
        readonly namespaceSelector: { readonly matchExpressions: readonly object[] };
      },
    ];
  }
  const configuration = async (rendering: Rendering = {}) => {
    const objects = await renderObjects(rendering);
    return findObject(objects, 'ValidatingWebhookConfiguration', 'sekisho') as unknown as Configuration;
  };

  test('asks for what serve --dev asks for', async () => {
    const development = parse(formatWebhookConfiguration({ url: 'https://127.0.0.1', authority: '' })) as Configuration;
    const { webhooks } = await configuration();
    expect(webhooks).toHaveLength(1);
    expect(webhooks[0].rules).toEqual(development.webhooks[0].rules);
    expect(webhooks[0].objectSelector).toBeUndefined();
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
    expect(serve?.automountServiceAccountToken).toBe(false);
    expect(serve?.containers[0]?.args).toContain('--cert=/etc/sekisho/certificate/tls.crt');
  });
});
