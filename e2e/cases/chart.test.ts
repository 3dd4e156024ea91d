import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { documentedValues } from '../../scripts/chart-documents.ts';
import { installManifest, renderInstallManifest } from '../../scripts/install-manifest.ts';
import { readSettings } from '../../src/commands/settings.ts';
import { readPolicies } from '../../src/io/files/policies.ts';
import { formatWebhookConfiguration } from '../../src/io/files/webhook-configuration.ts';
import { sharedCluster } from '../harness/case.ts';
import {
  chartFolder,
  describeHelmCase,
  helm,
  helmProgram,
  helmTemplate,
  parseObjects,
  podOf,
  type RenderedObject,
  type Rendering,
  renderObjects,
} from '../harness/helm.ts';
import { inParallel } from '../harness/in-parallel.ts';

const variants = await readdir(join(chartFolder, 'ci'));

function find(objects: readonly RenderedObject[], kind: string, name: string): RenderedObject {
  const object = objects.find((each) => each.kind === kind && each.metadata.name === name);
  if (object === undefined) throw new Error(`the chart renders no ${kind} ${name}`);
  return object;
}

type Values = { readonly [key: string]: unknown };

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values without the one at this path, so that its default holds again. */
function without(values: Values, [key = '', ...rest]: readonly string[]): Values {
  const { [key]: child, ...others } = values;
  return rest.length > 0 && isValues(child) ? { ...others, [key]: without(child, rest) } : others;
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isValues(value) ? value[key] : undefined), values);
}

describeHelmCase('the chart', [], () => {
  test('passes helm lint --strict, with every file of ci/', async () => {
    const outcomes = await inParallel(variants, 2, (file) =>
      helm(['lint', '--strict', chartFolder, '--values', join(chartFolder, 'ci', file)]),
    );
    expect(outcomes.map(({ code, stdout, stderr }) => (code === 0 ? 0 : stdout + stderr))).toEqual(
      variants.map(() => 0),
    );
    expect(outcomes.map(({ stdout }) => stdout).join('')).not.toMatch(/WARNING|ERROR/);
  });

  test.each([
    ['mdoe=Enforce', "at '': additional properties 'mdoe' not allowed"],
    ['image.tga=v1', "at '/image': additional properties 'tga' not allowed"],
    ['policies.podSecurity.levle=x', "at '/policies/podSecurity': additional properties 'levle' not allowed"],
    ['mode=enforce', "at '/mode': value must be one of 'Enforce', 'Warn', 'Audit'"],
    ['shutdownDelay=10', "at '/shutdownDelay'"],
  ])('refuses the typo %s with its path', async (assignment, message) => {
    const { code, stderr } = await helmTemplate({ args: ['--set', assignment] });
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });

  test('is what deploy/install.yaml was rendered from', async () => {
    const written = await readFile(join(chartFolder, '../..', installManifest), 'utf8');
    expect(written, `${installManifest} is old: make generate, with helm on the PATH`).toBe(
      await renderInstallManifest(await helmProgram()),
    );
    const objects = parseObjects(written);
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'sekisho' } });
    expect(objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined)).toEqual([]);
  });

  test('renders something else for every value that a file of ci/ sets, and these set every value', async () => {
    const changes = await inParallel(variants, 2, async (variant) => {
      const values = parse(await readFile(join(chartFolder, 'ci', variant), 'utf8')) as Values;
      const rendered = await helmTemplate({ variant });
      expect(rendered.code, rendered.stderr).toBe(0);
      const set = documentedValues()
        .map(({ path }) => path.split('.'))
        .filter((path) => valueAt(values, path) !== undefined);
      return inParallel(set, 1, async (path) => {
        const other = await mkdtemp(join(sharedCluster().folder, 'values-'));
        await writeFile(join(other, 'values.yaml'), stringify(without(values, path)));
        const { stdout } = await helmTemplate({ args: ['--values', join(other, 'values.yaml')] });
        return { path: path.join('.'), variant, same: stdout === rendered.stdout };
      });
    });
    expect(changes.flat().filter(({ same }) => same)).toEqual([]);
    const set = new Set(changes.flat().map(({ path }) => path));
    expect(
      documentedValues()
        .map(({ path }) => path)
        .filter((path) => !set.has(path)),
    ).toEqual([]);
  }, 180_000);

  test('writes settings that serve and controller read, and policies that serve reads', async () => {
    for (const variant of variants) {
      const objects = await renderObjects({ variant });
      const folder = await mkdtemp(join(sharedCluster().folder, 'chart-'));
      const data = (suffix: string): Record<string, string> =>
        objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith(suffix))?.[
          'data'
        ] as Record<string, string>;
      for (const [name, text] of Object.entries({ ...data('-settings'), ...data('-policies') })) {
        await writeFile(join(folder, name), text);
      }
      const settings = await readSettings(join(folder, 'settings.yaml'));
      await writeFile(join(folder, 'settings.yaml'), '# read\n');
      const policies = await readPolicies([folder]);
      const self = variant !== 'existing-certificate-values.yaml';
      const full = variant === 'everything-values.yaml' ? 'checkpoint' : 'sekisho';
      expect(settings.installation, variant).toEqual({
        namespace: 'sekisho',
        service: full,
        webhookConfiguration: full,
        lease: `${full}-controller`,
        canaryNamespace: `${full}-canary`,
        ...(self ? { caSecret: `${full}-ca` } : {}),
      });
      expect(policies.length, variant).toBeGreaterThan(0);
    }
    const objects = await renderObjects({ variant: 'enforce-values.yaml' });
    const { 'pod-security.yaml': policy } = find(objects, 'ConfigMap', 'sekisho-policies')['data'] as Record<
      string,
      string
    >;
    expect(parse(policy ?? '')).toMatchObject({
      spec: {
        mode: 'Enforce',
        match: { namespaces: { exclude: ['team-lab'] } },
        podSecurity: {
          level: 'restricted',
          version: 'v1.36',
          rules: { hostPorts: { mode: 'Warn' } },
          except: [{ values: ['NET_ADMIN'] }],
        },
      },
    });
  });

  test('gives a pod the time that its drain takes', async () => {
    const grace = async (rendering: Rendering): Promise<number | undefined> =>
      podOf(find(await renderObjects(rendering), 'Deployment', 'sekisho-serve'))?.spec.terminationGracePeriodSeconds;
    expect(await grace({})).toBe(10 + 10 + 5);
    expect(await grace({ values: { shutdownDelay: '1h2m3s4ms', webhook: { timeoutSeconds: 30 } } })).toBe(
      3724 + 30 + 5,
    );
    expect(await grace({ values: { shutdownDelay: '500ms' } })).toBe(1 + 10 + 5);
  });

  test('rolls the pods when settings or policies change, and for nothing else', async () => {
    const annotations = async (values: object) => {
      const objects = await renderObjects({ values });
      return ['serve', 'controller'].map(
        (name) => podOf(find(objects, 'Deployment', `sekisho-${name}`))?.metadata.annotations,
      );
    };
    const before = await annotations({});
    expect(before[0]?.['checksum/policies']).toMatch(/^[0-9a-f]{64}$/);
    expect(await annotations({ networkPolicy: { enabled: false }, webhook: { timeoutSeconds: 5 } })).toEqual(before);
    const stricter = await annotations({ policies: { podSecurity: { level: 'restricted' } } });
    const later = await annotations({ shutdownDelay: '20s' });
    for (const index of [0, 1]) {
      expect(stricter[index]?.['checksum/policies']).not.toBe(before[index]?.['checksum/policies']);
      expect(later[index]?.['checksum/settings']).not.toBe(before[index]?.['checksum/settings']);
    }
  });

  test('names an image by its digest where there is one', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const images = async (values: object) => {
      const pods = (await renderObjects({ values })).flatMap((object) => podOf(object) ?? []);
      return [...new Set(pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image)))];
    };
    expect(await images({ image: { tag: 'v2', digest } })).toEqual([`sekisho.dev/sekisho:v2@${digest}`]);
    expect(await images({ image: { digest } })).toEqual([`sekisho.dev/sekisho@${digest}`]);
    expect(await images({ image: { registry: '' } })).toEqual(['sekisho:0.1.0']);
    expect(await images({ global: { imageRegistry: 'mirror:5000' } })).toEqual(['mirror:5000/sekisho:0.1.0']);
  });
});

describeHelmCase('the webhook configuration of the chart', [], () => {
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
    return find(objects, 'ValidatingWebhookConfiguration', 'sekisho') as unknown as Configuration;
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
    expect(Object.keys(find(objects, 'Secret', 'sekisho-ca')).sort()).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'type',
    ]);
    expect(Object.keys(find(objects, 'Lease', 'sekisho-controller')).sort()).toEqual([
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
    const serve = podOf(find(objects, 'Deployment', 'sekisho-serve'))?.spec;
    expect(serve?.automountServiceAccountToken).toBe(false);
    expect(serve?.containers[0]?.args).toContain('--cert=/etc/sekisho/certificate/tls.crt');
  });
});
