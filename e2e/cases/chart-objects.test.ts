import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installManifest } from '../../scripts/install-manifest.ts';
import { noteCreated } from '../drivers/leftovers.ts';
import { runProgram } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { asList, chartFolder, podOf, type RenderedObject, type Rendering, renderObjects } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { sekishoProgram } from '../harness/sekisho-program.ts';

const manifests = readManifests(import.meta.filename);
const variants = await readdir(join(chartFolder, 'ci'));
const crd = 'servicemonitors.monitoring.coreos.com';

/** A release that nobody else has, and the namespaces that its objects live in. */
async function renderForCluster(rendering: Rendering): Promise<readonly RenderedObject[]> {
  const release = `r${randomBytes(4).toString('hex')}`;
  const namespace = await createNamespace();
  const objects = await renderObjects({ release, namespace, ...rendering });
  const named = objects.flatMap(({ kind, metadata }) =>
    kind === 'Namespace' ? metadata.name : (metadata.namespace ?? []),
  );
  for (const name of new Set(named)) {
    const { code } = await kubectl(['get', 'namespace', name]);
    if (code !== 0) await createNamespace({}, { name });
  }
  return objects;
}

describeCase('what the chart renders', ['helm'], () => {
  beforeAll(async () => {
    if ((await kubectl(['get', 'crd', crd])).code === 0) return;
    await noteCreated(sharedCluster(), 'crd', crd);
    await kubectlOutput(['apply', '-f', '-'], { stdin: manifests.object(`CustomResourceDefinition/${crd}`) });
    const served = async () => ((await kubectl(['get', 'servicemonitors'])).code === 0 ? true : undefined);
    await waitFor(served, { withinMs: 30_000, what: 'the kind ServiceMonitor' });
  });

  const renderings: readonly (readonly [string, Rendering])[] = [
    ...variants.map((variant) => [`ci/${variant}`, { variant }] as const),
    ['a release of 53 characters', { release: `r${randomBytes(26).toString('hex')}` }],
    ['a release with dots', { release: `r${randomBytes(4).toString('hex')}.a.b` }],
  ];

  test.each(renderings)(
    'from %s is accepted by the API server, to apply and to apply by server',
    async (_name, rendering) => {
      const stdin = asList(await renderForCluster(rendering));
      for (const way of [[], ['--server-side']]) {
        const applied = await kubectl(['apply', '--dry-run=server', ...way, '-f', '-'], { stdin });
        expect(applied).toMatchObject({ code: 0 });
        expect(
          applied.stderr.split('\n').filter((line) => line.startsWith('Warning') && !line.includes('last-applied')),
        ).toEqual([]);
      }
    },
  );

  const closed = variants.filter((variant) => !/^(hostnetwork|minimal)-/.test(variant));

  test.each(closed)('from ci/%s passes our own builtin:restricted', async (variant) => {
    const stdin = asList(await renderObjects({ variant }));
    const checked = await runProgram(sekishoProgram, ['check', '-', '-p', 'builtin:restricted', '-o', 'json'], {
      stdin,
    });
    expect(checked.code, checked.stdout).toBe(0);
    const { summary } = JSON.parse(checked.stdout) as { summary: Record<string, number> };
    expect(summary).toMatchObject({ deny: 0, warn: 0, audit: 0, error: 0 });
  });

  const submit = async (variant: string, namespace: string) => {
    const objects = await renderObjects({ variant, namespace });
    const pods = objects.flatMap((object) => {
      const pod = podOf(object);
      return pod === undefined
        ? []
        : [
            {
              apiVersion: 'v1',
              kind: 'Pod',
              metadata: { ...pod.metadata, name: object.metadata.name, namespace },
              spec: pod.spec,
            },
          ];
    });
    expect(pods.length).toBeGreaterThanOrEqual(3);
    return kubectl(['create', '--dry-run=server', '-f', '-'], { stdin: asList(pods) });
  };

  test.each(closed)("from ci/%s has pods that the API server's own restricted level admits", async (variant) => {
    const namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(await submit(variant, namespace)).toMatchObject({ code: 0, stderr: '' });
  });

  test('with hostNetwork has pods that it does not admit, so it is asked indeed', async () => {
    const namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect((await submit('hostnetwork-values.yaml', namespace)).stderr).toContain('host namespaces (hostNetwork=true)');
  });

  test('makes a namespace of canaries that admits none', async () => {
    const objects = await renderForCluster({});
    const namespace = objects.find(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const quota = objects.find(
      ({ kind, metadata }) => kind === 'ResourceQuota' && metadata.namespace === namespace?.metadata.name,
    );
    expect(quota?.['spec']).toEqual({ hard: { pods: '0' } });
  });
});

describeCase('deploy/install.yaml', ['helm', 'binaries'], () => {
  test('is accepted by the API server', async () => {
    for (const name of ['sekisho', 'sekisho-canary']) await createNamespace({}, { name });
    const file = join(chartFolder, '../..', installManifest);
    const applied = await kubectl(['apply', '--dry-run=server', '-f', file]);
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toContain('validatingwebhookconfiguration.admissionregistration.k8s.io/sekisho created');
  });
});
