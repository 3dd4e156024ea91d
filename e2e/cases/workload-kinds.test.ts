import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteCreated } from '../drivers/leftovers.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);
const root = join(import.meta.dirname, '../..');

type Json = Record<string, unknown>;
type Path = readonly (string | number)[];

const templates: Readonly<Record<string, Path>> = {
  Rollout: ['spec', 'template'],
  Service: ['spec', 'template'],
  CloneSet: ['spec', 'template'],
  JobSet: ['spec', 'replicatedJobs', 1, 'template', 'spec', 'template'],
};
const kinds = Object.entries(templates);
const driver: Path = ['spec', 'replicatedJobs', 0, 'template', 'spec', 'template'];

const show = (path: Path): string =>
  path
    .map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${segment}`))
    .join('')
    .slice(1);

/** The object of the manifest with fields set, and perhaps another name. */
function changed(kind: string, name: string, ...changes: readonly (readonly [Path, unknown])[]): Json {
  const object = { ...(JSON.parse(manifests.object(`${kind}/web`)) as Json), metadata: { name } };
  for (const [path, value] of changes) {
    const parent = path.slice(0, -1).reduce<unknown>((inside, segment) => (inside as Json)[segment], object) as Json;
    parent[String(path.at(-1))] = value;
  }
  return object;
}

/** A template of it with the processes of the host. */
const hostPid = (path: Path) => [[...path, 'spec', 'hostPID'], true] as const;
const hostPidOf = (path: Path): RegExp =>
  new RegExp(`${show(path).replace(/[[\].]/g, '\\$&')}\\.spec\\.hostPID +is true, must be unset or false`);

describeCase('a custom kind of the settings', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  let namespace: string;
  let config: string;
  let policy: string;
  let sekisho: Sekisho | undefined;

  const apply = (verb: 'create' | 'apply', object: object): Promise<Outcome> =>
    kubectl(['-n', namespace, verb, '-f', '-'], { stdin: JSON.stringify(object) });
  const run = (...args: readonly string[]): Promise<Outcome> => kubectl(['-n', namespace, ...args]);

  beforeAll(async () => {
    namespace = await createNamespace();
    await defineKinds(namespace);
    // Older than the policy.
    for (const kind of ['Rollout', 'JobSet']) {
      const old = changed(kind, 'old', hostPid(templates[kind] ?? []));
      await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: JSON.stringify(old) });
    }
    config = await settingsOfTheDocumentation();
    policy = await writePolicy(manifests.object('PodPolicy/restricted'), namespace);
    sekisho = await startSekisho({ policyFiles: [policy], args: ['--config', config] });
  });
  afterAll(() => sekisho?.stop());

  test.each(kinds)('%s with a compliant template is created in silence', async (kind) => {
    expect(await apply('create', changed(kind, 'good'))).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(kinds)('%s with a bad template is refused, with the path and without a patch', async (kind, path) => {
    const { code, stderr } = await apply('create', changed(kind, 'bad', hostPid(path)));
    const { heading, violations, patch } = readDenial(stderr);
    expect([code, heading]).toEqual([1, `${kind} ${namespace}/bad: 1 violation of policy restricted`]);
    expect(violations).toEqual([expect.stringMatching(hostPidOf(path))]);
    expect(patch).toBeUndefined();
  });

  test('that has several templates is refused for all of them at once', async () => {
    const both = changed(
      'JobSet',
      'bad',
      hostPid(driver),
      [[...driver, 'spec', 'hostNetwork'], true],
      hostPid(workers()),
    );
    const { heading, violations } = readDenial((await apply('create', both)).stderr);
    expect(heading).toBe(`JobSet ${namespace}/bad: 3 violations of policy restricted`);
    expect(violations.join('\n')).toMatch(hostPidOf(driver));
    expect(violations.join('\n')).toMatch(hostPidOf(workers()));
    expect(violations.join('\n')).toContain(`${show(driver)}.spec.hostNetwork`);
  });

  test('is judged in every version that is served', async () => {
    const other = { ...changed('JobSet', 'bad', hostPid(driver)), apiVersion: 'jobset.x-k8s.io/v1beta1' };
    expect(readDenial((await apply('create', other)).stderr).violations).toEqual([
      expect.stringMatching(hostPidOf(driver)),
    ]);
  });

  test('whose template stands in another object is created', async () => {
    const created = await apply('create', JSON.parse(manifests.object('Rollout/borrowed')) as object);
    expect(created).toMatchObject({ code: 0, stderr: '' });
  });

  test('with something else where its templates belong is refused, naming the field', async () => {
    const odd = changed('JobSet', 'odd', [['spec', 'replicatedJobs'], { driver: {} }]);
    const { code, stderr } = await apply('create', odd);
    expect([code, stderr]).toEqual([1, expect.stringContaining('spec.replicatedJobs must be a list')]);
  });

  test('that is older than the policy can be labelled, scaled and reported on', async () => {
    expect(await run('label', 'rollouts.argoproj.io/old', 'team=a')).toMatchObject({ code: 0, stderr: '' });
    expect(await run('scale', 'rollouts.argoproj.io/old', '--replicas=3')).toMatchObject({ code: 0, stderr: '' });
    const status = ['--subresource=status', '--type=merge', '-p', '{"status":{"replicas":3}}'];
    expect(await run('patch', 'rollouts.argoproj.io/old', ...status)).toMatchObject({ code: 0, stderr: '' });
  });

  test('that is changed says which violations the same template had before', async () => {
    const update = changed('JobSet', 'old', hostPid(workers()), hostPid(driver));
    const { violations } = readDenial((await apply('apply', update)).stderr);
    expect(violations).toHaveLength(2);
    const [first, second] = violations.toSorted();
    expect(first).toMatch(hostPidOf(driver));
    expect(first).not.toContain('(preexisting)');
    expect(second).toMatch(hostPidOf(workers()));
    expect(second).toContain('(preexisting)');
  });

  test('is judged by sekisho check with the same settings, in the same words', async () => {
    const program = process.env['E2E_SEKISHO'] ?? join(root, 'bin/sekisho');
    for (const [kind, path] of kinds) {
      const bad = changed(kind, 'bad', hostPid(path));
      const args = ['check', '-', '-p', policy, '--config', config, '-n', namespace, '-o', 'json'];
      const { code, stdout } = await runProgram(program, args, { stdin: JSON.stringify(bad) });
      expect([kind, code]).toEqual([kind, 1]);
      const { findings } = JSON.parse(stdout) as { findings: readonly Record<string, string>[] };
      const checked = findings.map(({ path: field, message, rule }) => `✗ ${field} ${message} [${rule}]`);
      const { violations } = readDenial((await apply('create', bad)).stderr);
      expect(violations.map((line) => line.replace(/ +/g, ' '))).toEqual(checked);
    }
  });
});

function workers(): Path {
  return templates['JobSet'] ?? [];
}

async function defineKinds(namespace: string): Promise<void> {
  const plurals = ['rollouts.argoproj.io', 'services.serving.knative.dev', 'clonesets.apps.kruise.io'];
  for (const plural of [...plurals, 'jobsets.jobset.x-k8s.io']) {
    await noteCreated(sharedCluster(), 'crd', plural);
    await kubectlOutput(['apply', '-f', '-'], { stdin: manifests.object(`CustomResourceDefinition/${plural}`) });
    const served = async () => ((await kubectl(['-n', namespace, 'get', plural])).code === 0 ? true : undefined);
    await waitFor(served, { withinMs: 30_000, what: `the kind of ${plural}` });
  }
}

/** What docs/workload-kinds.md says is what is tried. */
async function settingsOfTheDocumentation(): Promise<string> {
  const text = await readFile(join(root, 'docs/workload-kinds.md'), 'utf8');
  const [, block] = /^```yaml\n(.*?)^```$/ms.exec(text) ?? [];
  if (block === undefined) throw new Error('docs/workload-kinds.md has no settings');
  const file = join(sharedCluster().folder, 'workload-kinds.yaml');
  await writeFile(file, block);
  return file;
}
