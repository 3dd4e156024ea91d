import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { documentedValues } from '../../scripts/chart-documents.ts';
import { installManifest, renderInstallManifest } from '../../scripts/install-manifest.ts';
import { readSettings } from '../../src/commands/settings.ts';
import { readPolicies } from '../../src/io/files/policies.ts';
import { startProcess } from '../drivers/process.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import {
  chartFolder,
  findObject,
  helm,
  helmTemplate,
  parseObjects,
  podOf,
  type RenderedObject,
  type Rendering,
  renderObjects,
} from '../harness/helm.ts';
import { helmProgram } from '../harness/helm-program.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { makeLoopbackCertificate } from '../harness/loopback-certificate.ts';
import { logOf, sekishoEnvironment, sekishoProgram } from '../harness/sekisho-program.ts';

const variants = await readdir(join(chartFolder, 'ci'));

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

describeCase('the chart', ['helm'], () => {
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
    // The line at its top that makes it deny.
    expect(written).toContain("sed 's/maxMode: Audit/maxMode: Enforce/; s/failurePolicy: Ignore/failurePolicy: Fail/'");
    const enforcing = written
      .replaceAll('maxMode: Audit', 'maxMode: Enforce')
      .replaceAll('failurePolicy: Ignore', 'failurePolicy: Fail');
    const chart = await renderObjects({ values: { mode: 'Enforce' }, args: ['--no-hooks'] });
    const fields = (all: readonly RenderedObject[]) => [
      findObject(all, 'ConfigMap', 'sekisho-settings')['data'],
      findObject(all, 'ValidatingWebhookConfiguration', 'sekisho')['webhooks'],
    ];
    expect(fields(parseObjects(enforcing))).toEqual(fields(chart));
  });

  test('renders something else for every value that a file of ci/ sets, and these set every value', async () => {
    const changes = await inParallel(variants, 2, async (variant) => {
      const values = parse(await readFile(join(chartFolder, 'ci', variant), 'utf8')) as Values;
      const rendered = await helmTemplate({ variant });
      expect(rendered.code, rendered.stderr).toBe(0);
      const set = documentedValues()
        .map(({ path }) => path.split('.'))
        .filter((path) => (valueAt(values, path) ?? null) !== null);
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
      const { policies } = await readPolicies([folder]);
      const self = variant !== 'existing-certificate-values.yaml';
      const full = variant === 'everything-values.yaml' ? 'checkpoint' : 'sekisho';
      expect(settings.installation, variant).toEqual({
        namespace: 'sekisho',
        service: full,
        webhookConfiguration: full,
        webhookEntries: [
          'pods.sekisho.dev',
          'policies.sekisho.dev',
          ...(variant === 'everything-values.yaml' ? ['guard.sekisho.dev'] : []),
        ],
        lease: `${full}-controller`,
        canaryNamespace: `${full}-canary`,
        ...(self ? { caSecret: `${full}-ca` } : {}),
      });
      expect(policies.length, variant).toBeGreaterThan(0);
    }
    const objects = await renderObjects({ variant: 'enforce-values.yaml' });
    const { 'pod-security.yaml': policy } = findObject(objects, 'ConfigMap', 'sekisho-policies')['data'] as Record<
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
      podOf(findObject(await renderObjects(rendering), 'Deployment', 'sekisho-serve'))?.spec
        .terminationGracePeriodSeconds;
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
        (name) => podOf(findObject(objects, 'Deployment', `sekisho-${name}`))?.metadata.annotations,
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

  test('says in its notes the mode, the failure policy, who is not judged, and what to do next', async () => {
    const notes = async (...args: readonly string[]): Promise<string> => {
      const install = ['install', 'sekisho', chartFolder, '--namespace', 'guards', '--dry-run=client', ...args];
      return (await helm(install)).stdout.split('\nNOTES:\n')[1] ?? '';
    };
    const audit = await notes();
    expect(audit).toMatch(/mode +Audit: nothing is denied/);
    expect(audit).toMatch(/failure policy +Ignore: where the webhook does not answer, requests pass/);
    expect(audit).toMatch(/never judged +guards, kube-system\n/);
    expect(audit).toMatch(/policies +pod-security \(baseline, latest, Enforce\)\n/);
    expect(audit).toContain('--set mode=Enforce');
    expect(audit).toContain('kubectl delete validatingwebhookconfiguration sekisho\n');
    const enforce = await notes('--values', join(chartFolder, 'ci/enforce-values.yaml'), '--namespace', 'default');
    expect(enforce).toMatch(/mode +Enforce: policies that enforce deny/);
    expect(enforce).toMatch(/failure policy +Fail: .+ requests are refused/);
    expect(enforce).toMatch(/policies +pod-security \(restricted, v1.36, Enforce\), lab\n/);
    expect(enforce).toContain('pods of that namespace are not judged');
    expect(enforce).not.toContain('--set mode=Enforce');
  });

  test('starts serve with arguments and files that it takes', async () => {
    const values = { image: { tag: 'any' } };
    const objects = await renderObjects({ variant: 'existing-certificate-values.yaml', values });
    const folder = await mkdtemp(join(sharedCluster().folder, 'chart-'));
    for (const part of ['settings', 'policies']) {
      await mkdir(join(folder, part));
      const files = findObject(objects, 'ConfigMap', `sekisho-${part}`)['data'] as Record<string, string>;
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, part, name), text);
    }
    await mkdir(join(folder, 'certificate'));
    const { certificate, key } = makeLoopbackCertificate();
    await writeFile(join(folder, 'certificate/tls.crt'), certificate);
    await writeFile(join(folder, 'certificate/tls.key'), key);
    const [container] = podOf(findObject(objects, 'Deployment', 'sekisho-serve'))?.spec.containers ?? [];
    const args = (container?.args ?? []).map((each) => each.replace('/etc/sekisho', folder));
    const env = sekishoEnvironment(folder);
    const outside = [`--kubeconfig=${sharedCluster().access.administrator.kubeconfig}`, '--host=127.0.0.1'];
    const serve = startProcess(sekishoProgram, [...args, ...outside, '--port=0', '--probe-port=0'], { env });
    try {
      const listening = async () => logOf(serve).find(({ msg }) => msg === 'listening');
      const line = await waitFor(listening, { withinMs: 30_000, what: 'sekisho serve', process: serve });
      expect(line).toMatchObject({ policies: expect.arrayContaining(['pod-security']) });
    } finally {
      await serve.stop();
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
