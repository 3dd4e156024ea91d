import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp } from '../../src/commands/cleanup.ts';
import {
  configurationPath,
  configurationWith,
  goodEntry,
  paths,
  startCanaryCluster,
} from '../io/canaries/canary-cluster.ts';
import { type Interception, type LoopbackApi, startApi, statusOf } from '../io/cluster/loopback-api.ts';
import { createVirtualTime } from '../io/lease/virtual-time.ts';
import { kubeconfigFor } from './loopback-kubeconfig.ts';
import { newFolder, run, start } from './running-sekisho.ts';

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/sekisho/leases/sekisho-controller';
const settings = {
  installation: {
    namespace: 'sekisho',
    service: 'sekisho',
    webhookConfiguration: 'sekisho',
    lease: 'sekisho-controller',
    canaryNamespace: 'sekisho-canary',
  },
};

/** A kind of the settings, and the rule for it. */
const workloadKinds = [{ group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', path: 'spec.template' }];
const rolloutRule = {
  apiGroups: ['argoproj.io'],
  apiVersions: ['*'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['rollouts'],
  scope: 'Namespaced',
};
const entryWithRollouts = { ...goodEntry, rules: [...goodEntry.rules, rolloutRule] };
const settle = (more: object = {}) => writeFile(join(dir, 'settings.yaml'), JSON.stringify({ ...settings, ...more }));

let dir: string;
let api: LoopbackApi;
let fate: (resource: string) => boolean | Interception;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  fate = () => true;
  api = await startCanaryCluster({ of: (resource) => fate(resource) });
  api.put(leasePath, { metadata: { name: 'sekisho-controller' } });
  await settle();
  await writeFile(join(dir, 'kubeconfig'), kubeconfigFor(api.url));
});
afterEach(() => api[Symbol.asyncDispose]());

const args = () => ['controller', '--config', join(dir, 'settings.yaml'), '--kubeconfig', join(dir, 'kubeconfig')];
const startController = () => start([...args(), '--host', '127.0.0.1', '--probe-port', '0']);
const holder = () =>
  (api.objects.get(leasePath) as { spec?: { holderIdentity?: string } } | undefined)?.spec?.holderIdentity;
const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text();

describe('a controller', () => {
  test('leads, says what is covered, and at SIGTERM gives the lease back and exits 0', {
    timeout: 60_000,
  }, async () => {
    await settle({ workloadKinds });
    api.put(configurationPath, configurationWith(entryWithRollouts));
    await using controller = await startController();
    const { identity } = await controller.logged('leading');
    expect(holder()).toBe(identity);
    expect(identity).toMatch(/^[^_]+_[0-9a-f-]{36}$/);
    await controller.logged('every path is intercepted', 30_000);
    const metrics = await metricsOf(controller.probeUrl);
    for (const path of [...paths, 'rollouts.argoproj.io'])
      expect(metrics).toContain(`sekisho_coverage{path="${path}"} 1\n`);
    expect(metrics).toContain('sekisho_leader 1\n');
    expect((await fetch(`${controller.probeUrl}/readyz`)).status).toBe(200);
    controller.child.kill('SIGTERM');
    expect(await controller.exited).toBe(0);
    expect(await controller.logged('no longer leading')).toMatchObject({ level: 'info', reason: 'stopping' });
    expect(holder()).toBe('');
    await expect(fetch(`${controller.probeUrl}/readyz`)).rejects.toThrow();
  });

  test('that stands by is ready, says nothing of coverage, and leads once the other has gone', async () => {
    await using first = await startController();
    await first.logged('leading');
    await using second = await startController();
    expect(await second.logged('standing by')).toMatchObject({ holder: holder() });
    expect((await fetch(`${second.probeUrl}/readyz`)).status).toBe(200);
    const metrics = await metricsOf(second.probeUrl);
    expect(metrics).not.toContain('sekisho_coverage{');
    expect(metrics).toContain('sekisho_leader 0\n');
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    const { identity } = await second.logged('leading');
    expect(holder()).toBe(identity);
  });

  test('that loses the lease to another says so as a warning', async () => {
    await using controller = await startController();
    await controller.logged('leading');
    const metadata = { name: 'sekisho-controller' };
    api.put(leasePath, { metadata, spec: { holderIdentity: 'another', leaseDurationSeconds: 60 } });
    const reason = 'the lease was taken by another';
    expect(await controller.logged('no longer leading')).toMatchObject({ level: 'warn', reason });
    expect(await metricsOf(controller.probeUrl)).toContain('sekisho_leader 0\n');
  });

  test('goes on while the API server is away, and says so', async () => {
    const port = new URL(api.url).port;
    await writeFile(join(dir, 'kubeconfig'), kubeconfigFor('https://127.0.0.1:1'));
    await using controller = await startController();
    expect(await controller.logged('cannot hold the lease')).toMatchObject({
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect((await fetch(`${controller.probeUrl}/livez`)).status).toBe(200);
    expect(port).not.toBe('1');
    controller.child.kill('SIGTERM');
    expect(await controller.exited).toBe(0);
  });
});

describe('controller --canaries', () => {
  test('prints a line for each path and exits 0 where all are intercepted', async () => {
    const { code, stdout, stderr } = await run([...args(), '--canaries']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)),
    ).toEqual(paths.map((path) => ['intercepted', path]));
  });

  test('has a line for each kind of the settings too', async () => {
    await settle({ workloadKinds });
    const without = await run([...args(), '--canaries']);
    const reason = 'no rule of the webhook configuration for CREATE';
    expect(without.code).toBe(1);
    expect(without.stdout).toContain(`NOT INTERCEPTED  rollouts.argoproj.io: ${reason}\n`);
    api.put(configurationPath, configurationWith(entryWithRollouts));
    const covered = await run([...args(), '--canaries']);
    expect(covered.code).toBe(0);
    expect(covered.stdout).toContain('intercepted      rollouts.argoproj.io\n');
  });

  test('exits 1 where one is not, and 3 where that cannot be said', async () => {
    api.put(configurationPath, configurationWith({ ...goodEntry, rules: goodEntry.rules.filter((_, i) => i !== 1) }));
    const open = await run([...args(), '--canaries']);
    expect(open.code).toBe(1);
    expect(open.stdout).toContain('NOT INTERCEPTED  pods/resize: no rule of the webhook configuration for UPDATE\n');
    fate = () => ({ status: 403, body: statusOf(403, 'pods is forbidden') });
    api.put(configurationPath, configurationWith(goodEntry));
    const unknown = await run([...args(), '--canaries']);
    expect(unknown.code).toBe(3);
    expect(unknown.stdout).toContain('unknown          pods: 403: pods is forbidden\n');
  });
});

describe('controller --cleanup', () => {
  test('deletes the webhook configuration, and nothing else, and is content where there is none', async () => {
    const first = await run([...args(), '--cleanup']);
    expect(first).toEqual({ code: 0, stdout: 'deleted the webhook configuration sekisho\n', stderr: '' });
    expect(api.objects.has(configurationPath)).toBe(false);
    expect(api.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`DELETE ${configurationPath}`]);
    const second = await run([...args(), '--cleanup']);
    expect(second).toMatchObject({
      code: 0,
      stdout: 'the webhook configuration sekisho does not exist: nothing to do\n',
    });
  });

  test('tries again for a minute, then says that it gave up', async () => {
    let refusals = 0;
    await using stubborn = await startApi({ intercept: () => (refusals++ < 3 ? { status: 403 } : undefined) });
    stubborn.put(configurationPath, configurationWith(goodEntry));
    await using client = stubborn.connect();
    const time = createVirtualTime();
    const clock = { ...time.clock(), sleep: (milliseconds: number) => time.passUntil(time.now() + milliseconds) };
    const lines: string[] = [];
    const options = { client, webhookConfiguration: 'sekisho', clock, write: (line: string) => lines.push(line) };
    expect(await cleanUp(options)).toBe(0);
    expect(lines).toHaveLength(4);
    refusals = Number.NEGATIVE_INFINITY;
    lines.length = 0;
    const began = time.now();
    expect(await cleanUp(options)).toBe(1);
    expect(time.now() - began).toBeGreaterThan(50_000);
    expect(lines.at(-1)).toBe('cannot delete the webhook configuration sekisho: 403: refused with 403; giving up');
  });
});

describe('bad usage is refused', () => {
  test.each([
    ['no --config', ['controller'], /required option '--config <file>'/],
    ['--cleanup with --canaries', ['controller', '--config', 'x', '--cleanup', '--canaries'], /cannot be used with/],
  ])('%s', async (_what, given, message) => {
    const { code, stderr } = await run(given);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('settings without an installation, and no cluster to be in', async () => {
    const plain = await run(args().slice(0, 3));
    expect(plain.code).toBe(2);
    expect(plain.stderr).toMatch(/this is no pod of a cluster .* add --kubeconfig FILE/);
    await writeFile(join(dir, 'settings.yaml'), 'maxMode: Audit\n');
    const { code, stderr } = await run(args());
    expect(code).toBe(2);
    expect(stderr).toMatch(/settings.yaml: installation: is missing/);
  });
});
