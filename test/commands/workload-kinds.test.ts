import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../src/commands/settings.ts';
import { type Json, reviewOf } from '../admission-requests.ts';
import { feed } from './feeding-sekisho.ts';
import { newFolder, run, serve } from './running-sekisho.ts';

const rollout = '{group: argoproj.io, kind: Rollout, resource: rollouts, path: spec.template}';
const jobSet =
  '{group: jobset.x-k8s.io, kind: JobSet, resource: jobsets, path: "spec.replicatedJobs[*].template.spec.template"}';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-kinds-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function settingsFile(...lines: readonly string[]): Promise<string> {
  const file = join(folder, 'settings.yaml');
  await writeFile(file, `maxMode: Enforce\nworkloadKinds:\n${lines.map((line) => `- ${line}\n`).join('')}`);
  return file;
}

const kindsOf = async (...lines: readonly string[]) => (await readSettings(await settingsFile(...lines))).workloadKinds;

describe('the setting workloadKinds', () => {
  test('names kinds and where in them templates stand', async () => {
    expect(await kindsOf(rollout, jobSet)).toEqual([
      { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', path: 'spec.template' },
      {
        group: 'jobset.x-k8s.io',
        kind: 'JobSet',
        resource: 'jobsets',
        path: 'spec.replicatedJobs[*].template.spec.template',
      },
    ]);
  });

  test('has a line for each place of one kind', async () => {
    const head = rollout.replace('spec.template', 'spec.head.template');
    expect(await kindsOf(rollout, head)).toHaveLength(2);
  });

  test.each(['template', 'spec.a-b_c.template', 'pods[*]', 'a[*].b[*].c', 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p'])(
    'takes the path %s',
    async (path) => {
      const [kind] = await kindsOf(rollout.replace('spec.template', `"${path}"`));
      expect(kind?.path).toBe(path);
    },
  );

  test.each([
    ...[
      '',
      '.',
      'spec.',
      '.spec',
      'spec..template',
      '[*]',
      'spec[0]',
      'spec[*][*]',
      'spec.*',
      '$.spec',
      'spec/template',
    ],
    ...['spec.templates[*', 'spec.template ', '/spec/template', 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q', 'a'.repeat(257)],
  ])('refuses the path %j with file, line and field', async (path) => {
    await expect(kindsOf(rollout, jobSet.replace(/"spec.*"/, JSON.stringify(path)))).rejects.toThrow(
      /settings\.yaml:4:\d+: workloadKinds\[1\]\.path: /,
    );
  });

  test.each([
    ['group', '""'],
    ['group', '"*"'],
    ['group', 'Argo.io'],
    ['kind', '"*"'],
    ['kind', 'a/b'],
    ['resource', '"*"'],
    ['resource', 'rollouts/status'],
    ['resource', 'Rollouts'],
    ['path', '7'],
  ])('refuses the %s %s with file, line and field', async (field, value) => {
    const line = rollout.replace(new RegExp(`${field}: [^,}]+`), `${field}: ${value}`);
    await expect(kindsOf(line)).rejects.toThrow(
      new RegExp(`settings\\.yaml:3:\\d+: workloadKinds\\[0\\]\\.${field}: `),
    );
  });

  test.each([
    ['group: apps, kind: Deployment, resource: deployments', 'kind: apps Deployment is judged as it is'],
    ['group: batch, kind: Job, resource: jobs', 'kind: batch Job is judged as it is'],
    ['group: extensions, kind: Deployment, resource: all', 'kind: extensions Deployment is judged as it is'],
    ['group: apps, kind: Odd, resource: deployments', 'resource: deployments of apps are judged as they are'],
  ])('refuses what is built in: %s', async (names, message) => {
    const line = `{${names}, path: spec.template}`;
    await expect(kindsOf(line)).rejects.toThrow(`workloadKinds[0].${message}`);
  });

  test.each([
    [rollout, 'path: stands in a line before for argoproj.io Rollout: leave one out'],
    [rollout.replace('rollouts', 'rolls'), 'resource: argoproj.io Rollout has the resource rollouts in a line before'],
    [rollout.replace('Rollout', 'Roll'), 'kind: rollouts of argoproj.io have the kind Rollout in a line before'],
  ])('refuses to have it twice: %s', async (line, message) => {
    await expect(kindsOf(rollout, jobSet, line)).rejects.toThrow(
      expect.objectContaining({ message: expect.stringMatching(/settings\.yaml:5:\d+: /) as string }),
    );
    await expect(kindsOf(rollout, jobSet, line)).rejects.toThrow(`workloadKinds[2].${message}`);
  });

  test('refuses a field that it does not know, and says which there are', async () => {
    await expect(kindsOf(rollout.replace('path', 'paths'))).rejects.toThrow(
      'workloadKinds[0].paths: is not a known setting; there are group, kind, resource, path',
    );
  });

  test('refuses more than 64 lines', async () => {
    const lines = Array.from({ length: 65 }, (_, index) => rollout.replace('spec.template', `spec.t${index}`));
    expect(await kindsOf(...lines.slice(1))).toHaveLength(64);
    await expect(kindsOf(...lines)).rejects.toThrow(/settings\.yaml:\d+:\d+: workloadKinds: /);
  });
});

const container = { name: 'app', image: 'registry.example.com/app:1' };
const object = (spec: Json, name = 'train') => ({
  apiVersion: 'jobset.x-k8s.io/v1alpha2',
  kind: 'JobSet',
  metadata: { name },
  spec: {
    replicatedJobs: [{ name: 'a', template: { spec: { template: { spec: { containers: [container], ...spec } } } } }],
  },
});
const bad = object({ hostPID: true });
const field = 'spec.replicatedJobs[0].template.spec.template.spec.hostPID';

describe('--config makes kinds of the settings judged', () => {
  const baseline = ['-p', 'builtin:baseline'];

  test('by sekisho check, in whichever version, without a patch', async () => {
    const config = await settingsFile(rollout, jobSet);
    const manifest = join(folder, 'jobset.yaml');
    await writeFile(
      manifest,
      `${JSON.stringify(bad)}\n---\n${JSON.stringify({ ...bad, apiVersion: 'jobset.x-k8s.io/v9' })}\n`,
    );
    expect(await run(['check', manifest, ...baseline])).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await run(['check', manifest, ...baseline, '--config', config]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.split(field)).toHaveLength(3);
    expect(stdout).toContain('JobSet default/train');
    expect(stdout).not.toMatch(/satisf/);
  });

  test('by sekisho check, though its ceiling does not hold there', async () => {
    const config = await settingsFile(jobSet);
    await writeFile(config, `maxMode: Audit\nworkloadKinds: [${jobSet}]\n`);
    const manifest = join(folder, 'jobset.yaml');
    await writeFile(manifest, JSON.stringify(bad));
    expect(await run(['check', manifest, ...baseline, '--config', config])).toMatchObject({ code: 1 });
  });

  test('by sekisho check, which warns of a kind in whose objects there is no template: its path may be wrong', async () => {
    const config = await settingsFile(rollout, jobSet.replace('replicatedJobs', 'jobs'));
    const manifest = join(folder, 'jobset.yaml');
    await writeFile(manifest, JSON.stringify(bad));
    const { code, stderr } = await run(['check', manifest, ...baseline, '--config', config]);
    const path = 'spec.jobs[*].template.spec.template';
    const warning = `no JobSet of jobset.x-k8s.io had a pod template at ${path}: is that its path?`;
    expect([code, stderr]).toEqual([0, `sekisho: warning: ${warning}\n`]);
    await settingsFile(rollout, jobSet);
    const without = { ...bad, spec: {} };
    await writeFile(manifest, `${JSON.stringify(bad)}\n---\n${JSON.stringify(without)}\n`);
    expect(await run(['check', manifest, ...baseline, '--config', config])).toMatchObject({ code: 1, stderr: '' });
  });

  test('by sekisho review', async () => {
    const config = await settingsFile(jobSet);
    const custom = { group: 'jobset.x-k8s.io', kind: 'JobSet', resource: 'jobsets' };
    const text = JSON.stringify(reviewOf(bad, { custom }));
    const allowed = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse((await feed(['review', ...baseline, ...args], text)).stdout).response.allowed;
    expect(await allowed()).toBe(true);
    expect(await allowed('--config', config)).toBe(false);
  });

  test('by sekisho test', async () => {
    const config = await settingsFile(jobSet);
    const file = join(folder, 'jobset.sekisho-test.yaml');
    const cases = [{ name: 'a', object: bad, expect: { findings: [{ rule: 'hostNamespaces', path: field }] } }];
    const head = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PolicyTest', policies: ['builtin:baseline'] };
    await writeFile(file, JSON.stringify({ ...head, cases }));
    expect(await run(['test', file, '--config', config])).toMatchObject({ code: 0, stderr: '' });
    const without = await run(['test', file]);
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('jobset.x-k8s.io/v1alpha2 JobSet')]);
  });

  test('by none of them when it cannot be read', async () => {
    const config = await settingsFile(rollout.replace('spec.template', '"[*]"'));
    for (const args of [
      ['check', '-', ...baseline],
      ['review', ...baseline],
      ['test', folder],
    ]) {
      const { code, stderr } = await feed([...args, '--config', config], '{}');
      expect([args[0], code, stderr]).toEqual([args[0], 2, expect.stringContaining('workloadKinds[0].path: ')]);
    }
  });

  test('by sekisho serve, whose --dev has the API server ask about them in every version', async () => {
    const config = await settingsFile(rollout, rollout.replace('spec.template', 'spec.other'), jobSet);
    const dir = join(await newFolder(), 'dev');
    await using running = await serve(['--dev', '--dir', dir, '--config', config, ...baseline]);
    const text = await readFile(join(dir, 'webhook-configuration.yaml'), 'utf8');
    const { webhooks } = parse(text) as { webhooks: readonly { rules: readonly object[] }[] };
    const rule = (group: string, resource: string) => ({
      apiGroups: [group],
      apiVersions: ['*'],
      operations: ['CREATE', 'UPDATE'],
      resources: [resource],
      scope: 'Namespaced',
    });
    expect(webhooks[0]?.rules.slice(4)).toEqual([rule('argoproj.io', 'rollouts'), rule('jobset.x-k8s.io', 'jobsets')]);
    expect(running.url).toMatch(/^https:/);
  });
});
