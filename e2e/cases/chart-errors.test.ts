import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crdNameOf, kinds } from '../../src/core/policy/kinds.ts';
import { describeCase } from '../harness/case.ts';
import {
  chartFolder,
  helmTemplate,
  podOf,
  type RenderedObject,
  type Rendering,
  renderObjects,
} from '../harness/helm.ts';

const policy = (name: string) => ({
  apiVersion: 'sekisho.dev/v1alpha1',
  kind: 'PodPolicy',
  metadata: { name },
  spec: { podSecurity: { level: 'baseline' } },
});
const rollout = { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', path: 'spec.template' };
const deployment = { group: 'apps', kind: 'Deployment', resource: 'deployments', path: 'spec.template' };
const certificate = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
const existing = (values: object) => ({ certificates: { mode: 'existing', existing: values } });

/** What does not go together, and the line that says so. */
const errors: readonly (readonly [string, Rendering])[] = [
  ['mode is "Foo": it is Audit, Warn or Enforce', { values: { mode: 'Foo' }, args: ['--skip-schema-validation'] }],
  [
    'certificates.mode is "helm": it is self or existing',
    { values: { certificates: { mode: 'helm' } }, args: ['--skip-schema-validation'] },
  ],
  ['the name "1st-sekisho" cannot be that of a Service', { release: '1st' }],
  ["the release's namespace is sekisho-canary, which canaries are submitted to", { namespace: 'sekisho-canary' }],
  ['certificates.existing.secretName must name the Secret', { values: existing({ caBundle: certificate }) }],
  ['certificates.existing.caBundle must be the CA', { values: existing({ secretName: 'a' }) }],
  ['certificates.existing.caBundle is no PEM certificate', { values: existing({ secretName: 'a', caBundle: 'abc' }) }],
  [
    'certificates.existing.caBundle holds a private key',
    { values: existing({ secretName: 'a', caBundle: `${certificate}-----BEGIN PRIVATE KEY-----\n` }) },
  ],
  [
    'certificates.existing is set but certificates.mode is self',
    { values: { certificates: { existing: { secretName: 'a' } } } },
  ],
  [
    'controller.replicaCount is 0: with certificates.mode self nobody would make',
    { values: { controller: { replicaCount: 0 } } },
  ],
  [
    'certificates.leafLifetime must be at least 10s and three times',
    { values: { certificates: { leafLifetime: '14m59s' } } },
  ],
  ['certificates.caLifetime must be at least three times', { values: { certificates: { caLifetime: '504h' } } }],
  ['replicaCount is 0 and the failure policy is Fail', { values: { replicaCount: 0, mode: 'Enforce' } }],
  [
    'podDisruptionBudget has minAvailable and maxUnavailable',
    { values: { podDisruptionBudget: { minAvailable: 0, maxUnavailable: 1 } } },
  ],
  ['resourceQuota.pods is 5, but a rolling update needs at least 6', { values: { resourceQuota: { pods: 5 } } }],
  ['webhook.port and probePort are the same', { values: { probePort: 8443 } }],
  ['hostNetwork is true: webhook.port must be 1024 or more', { values: { hostNetwork: true, webhook: { port: 443 } } }],
  ['probePort must be 1024 or more', { values: { probePort: 80 } }],
  [
    'webhook.excludedNamespaces has sekisho-canary',
    { values: { webhook: { excludedNamespaces: ['sekisho-canary'] } } },
  ],
  ['there are two policies named pod-security', { values: { policies: { extra: [policy('pod-security')] } } }],
  ['there is no policy', { values: { policies: { podSecurity: { enabled: false } } } }],
  ['workloadKinds has apps Deployment, which is judged as it is', { values: { workloadKinds: [deployment] } }],
  [
    'workloadKinds has argoproj.io Rollout with the path spec.template twice',
    { values: { workloadKinds: [rollout, rollout] } },
  ],
  [
    'workloadKinds has argoproj.io Rollout with the resources rollouts and others',
    { values: { workloadKinds: [rollout, { ...rollout, resource: 'others', path: 'spec.other' }] } },
  ],
  ['commonLabels has app.kubernetes.io/name', { values: { commonLabels: { 'app.kubernetes.io/name': 'a' } } }],
  [
    'webhook.annotations has admissions.enforcer/disabled',
    { values: { webhook: { annotations: { 'admissions.enforcer/disabled': 'false' } } } },
  ],
  [
    'controller.serviceAccount.create is false: controller.serviceAccount.name must name',
    { values: { controller: { serviceAccount: { create: false } } } },
  ],
  [
    'serviceAccount.name and controller.serviceAccount.name are the same',
    { values: { serviceAccount: { name: 'a' }, controller: { serviceAccount: { name: 'a' } } } },
  ],
];

describeCase('values that do not go together', ['helm'], () => {
  test.each(errors)('are refused: %s', async (message, rendering) => {
    const { code, stderr } = await helmTemplate(rendering);
    expect(code).not.toBe(0);
    const lines = stderr.split('\n').filter((line) => line.startsWith('- '));
    expect(lines).toEqual([expect.stringContaining(message)]);
  });

  test('are refused all at once', async () => {
    const { stderr } = await helmTemplate({ values: { probePort: 8443, replicaCount: 0, mode: 'Enforce' } });
    expect(stderr.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(2);
  });

  test('are all tried here', async () => {
    const source = await readFile(join(chartFolder, 'templates/validate.yaml'), 'utf8');
    expect(errors).toHaveLength([...source.matchAll(/append \$problems/g)].length);
  });
});

const key = ({ kind, metadata }: RenderedObject): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

/** The labels by which an object finds pods. */
function selectorOf({ kind, ...object }: RenderedObject): Readonly<Record<string, string>> | undefined {
  const { selector, podSelector } = (object['spec'] ?? {}) as Readonly<
    Record<string, { matchLabels: Record<string, string> }>
  >;
  if (kind === 'Service') return selector as unknown as Record<string, string>;
  if (kind === 'Deployment' || kind === 'PodDisruptionBudget') return selector?.matchLabels;
  return kind === 'NetworkPolicy' ? podSelector?.matchLabels : undefined;
}

const selects = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([label, value]) => labels[label] === value);

describeCase('names of the chart', ['helm'], () => {
  const long = 'a-release-whose-name-is-as-long-as-helm-lets-it-be-53';
  const renderings: readonly (readonly [string, Rendering])[] = [
    ['a long release', { release: long }],
    ['a release with dots', { release: 'team.shop.guard' }],
    ['a long nameOverride', { values: { nameOverride: `${'n'.repeat(80)}` } }],
    ['a long fullnameOverride, cut at a dash', { values: { fullnameOverride: `${'f'.repeat(42)}-${'g'.repeat(40)}` } }],
    ['a namespace of digits', { release: 'a', namespace: '1234' }],
  ];

  // The definitions of the kinds are the cluster's, and called so whatever the release is called.
  const named = async (rendering: Rendering) => {
    const objects = await renderObjects(rendering);
    return objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
  };

  test.each(renderings)('of %s are what Services, Namespaces and labels may hold', async (_name, rendering) => {
    const objects = await named(rendering);
    expect(long).toHaveLength(53);
    for (const { metadata } of objects) {
      expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
      for (const value of Object.values(metadata.labels ?? {}))
        expect(value).toMatch(/^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/);
    }
    const longest = Math.max(...objects.map(({ metadata }) => metadata.name.length));
    if (rendering.release === long) expect(longest).toBe(63);
  });

  test.each([
    ['in one namespace', { release: 'one' }, { release: 'two' }],
    [
      'of long names that differ at the end',
      { release: long.replace(/53$/, '51') },
      { release: long.replace(/53$/, '52') },
    ],
    ['in two namespaces', { release: 'one', namespace: 'a' }, { release: 'two', namespace: 'b' }],
  ])('of two releases %s are not the same, and neither finds the pods of the other', async (_where, first, second) => {
    const [one, two] = await Promise.all([named(first), named(second)]);
    const taken = new Set(one.map(key));
    expect(taken.size).toBe(one.length);
    expect(two.map(key).filter((each) => taken.has(each))).toEqual([]);
    const pods = two.flatMap((object) => podOf(object) ?? []).map(({ metadata }) => metadata.labels);
    const selectors = one.map(selectorOf).filter((selector) => selector !== undefined);
    expect([pods.length, selectors.length]).toEqual([4, 7]);
    expect(selectors.filter((selector) => pods.some((labels) => selects(selector, labels)))).toEqual([]);
  });

  test('of two releases are the same for the kinds, which one of them can leave out', async () => {
    const definitions = (objects: Awaited<ReturnType<typeof renderObjects>>) =>
      objects.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ metadata }) => metadata.name);
    const [one, two, without] = await Promise.all([
      renderObjects({ release: 'one' }),
      renderObjects({ release: 'two' }),
      renderObjects({ release: 'two', values: { crds: { install: false } } }),
    ]);
    expect(definitions(two)).toEqual(definitions(one));
    expect(definitions(one)).toEqual(kinds.map(crdNameOf));
    expect(definitions(without)).toEqual([]);
  });

  test('of one release: each selector finds just its pods', async () => {
    const objects = await renderObjects();
    const pods = objects.filter((object) => podOf(object) !== undefined);
    const found = Object.fromEntries(
      objects.flatMap((object) => {
        const selector = selectorOf(object);
        if (selector === undefined) return [];
        const names = pods.filter((pod) => selects(selector, podOf(pod)?.metadata.labels ?? {}));
        return [[`${object.kind} ${object.metadata.name}`, names.map(({ metadata }) => metadata.name).sort()]];
      }),
    );
    expect(found).toEqual({
      'Deployment sekisho-controller': ['sekisho-controller'],
      'Deployment sekisho-serve': ['sekisho-serve'],
      'NetworkPolicy sekisho-controller': ['sekisho-controller'],
      'NetworkPolicy sekisho-serve': ['sekisho-serve'],
      'PodDisruptionBudget sekisho-serve': ['sekisho-serve'],
      'Service sekisho': ['sekisho-serve'],
      'Service sekisho-metrics': ['sekisho-controller', 'sekisho-serve'],
    });
  });
});
