import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeDriver } from '../drivers/node.ts';
import type { Outcome } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import type { ApiRequest } from '../harness/api-client.ts';
import { describeCase } from '../harness/case.ts';
import { helmOutput } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { nodeTimeoutMs, sekishoImage, startNode } from '../harness/node.ts';
import { servePods } from '../harness/release.ts';
import { startSteadyLoad } from '../harness/steady-load.ts';
import { webhookCalls } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);
const minutes = 60_000;
const perSecond = 100;
const restarts = 5;
const replicas = 3;

describeCase('a webhook that enforces, with failure policy Fail,', ['node'], () => {
  let driver: NodeDriver;
  let tenants = '';
  beforeAll(async () => {
    driver = await startNode();
    const { cluster } = driver;
    await sekishoImage(cluster);
    const values = ['--namespace', 'sekisho', '--create-namespace', '--set', 'mode=Enforce'];
    await helmOutput(['install', 'sekisho', 'charts/sekisho', ...values, '--wait'], {
      cluster,
      timeoutMs: 4 * minutes,
    });
    tenants = await createNamespace({}, { cluster });
  }, nodeTimeoutMs);
  afterAll(() => driver?.[Symbol.asyncDispose]());

  const own = (...args: string[]): Promise<string> =>
    kubectlOutput(['-n', 'sekisho', ...args], { cluster: driver.cluster, timeoutMs: 3 * minutes });
  const create = (namespace: string, manifest: string, ...flags: string[]): Promise<Outcome> =>
    kubectl(['-n', namespace, 'create', ...flags, '-f', '-'], {
      cluster: driver.cluster,
      stdin: manifests.object(manifest),
    });
  const createTenantPod = (): Promise<Outcome> => create(tenants, 'Pod/good', '--dry-run=server');
  const whenTenantsAreServed = (withinMs: number): Promise<number> =>
    waitFor(async () => ((await createTenantPod()).code === 0 ? Date.now() : undefined), {
      withinMs,
      what: 'a pod of a tenant',
    });
  const killAll = async (): Promise<void> => {
    const killed = await driver.cluster.node.killContainers({
      namespace: 'sekisho',
      labelSelector: 'app.kubernetes.io/component=serve',
    });
    expect(killed).toBeGreaterThanOrEqual(replicas);
  };

  test('fails no call while it is restarted five times under load', { timeout: 8 * minutes }, async () => {
    const body: unknown = JSON.parse(manifests.object('Pod/good'));
    const path = `/api/v1/namespaces/${tenants}/pods?dryRun=All`;
    const request = (): ApiRequest => ({ method: 'POST', path, body });
    const before = await webhookCalls(driver.cluster);
    const load = await startSteadyLoad({ cluster: driver.cluster, perSecond, request });
    for (let restart = 0; restart < restarts; restart++) {
      await own('rollout', 'restart', 'deployment/sekisho-serve');
      await own('rollout', 'status', 'deployment/sekisho-serve', '--timeout=120s');
    }
    // The last replicas that were told to go are still answering.
    await sleep(15_000);
    const { sent, refused } = await load.stop();
    const after = await webhookCalls(driver.cluster);
    process.stdout.write(`outage: ${restarts} restarts under ${sent} requests, ${refused.length} refused\n`);
    expect(refused.slice(0, 3)).toEqual([]);
    expect({ failed: after.failed - before.failed, open: after.failedOpen }).toEqual({ failed: 0, open: 0 });
    expect(after.answered - before.answered).toBeGreaterThanOrEqual(sent);
  });

  test('comes back by itself within 5 s after all its processes were killed', { timeout: 3 * minutes }, async () => {
    await killAll();
    const served = await whenTenantsAreServed(60_000);
    const restarted = await own(
      ...['get', 'pods', '-l', 'app.kubernetes.io/component=serve', '-o'],
      'jsonpath={.items[*].status.containerStatuses[0].state.running.startedAt}',
    );
    const first = Math.min(...restarted.split(' ').filter(Boolean).map(Date.parse));
    process.stdout.write(`outage: served ${served - first} ms after the first replica was started again\n`);
    expect(served - first).toBeLessThan(5_000);
    await own('rollout', 'status', 'deployment/sekisho-serve', '--timeout=60s');
  });

  test('blocks pods of tenants while it is gone, and nothing that a cluster lives by', {
    timeout: 3 * minutes,
  }, async () => {
    // A second crash so soon makes kubelet wait for ten seconds: time enough to look around.
    await waitFor(async () => ((await servePods(driver.cluster)).length === replicas ? true : undefined), {
      withinMs: 60_000,
      what: 'all replicas ready again',
    });
    await killAll();
    const blocked = await createTenantPod();
    expect(blocked.code).toBe(1);
    expect(blocked.stderr).toMatch(/failed calling webhook "pods\.sekisho\.dev": failed to call webhook: /);
    expect(await create('kube-system', 'Pod/good')).toMatchObject({ code: 0 });
    expect(await create('sekisho', 'Pod/good')).toMatchObject({ code: 0 });
    expect(await create(tenants, 'Lease/lease')).toMatchObject({ code: 0 });
    expect(await create('default', 'Event/event')).toMatchObject({ code: 0 });
    expect(await create(tenants, 'ConfigMap/settings')).toMatchObject({ code: 0 });
    const labelled = ['label', 'node', driver.cluster.node.name, 'e2e.sekisho.dev/outage=true'];
    expect(await kubectl(labelled, { cluster: driver.cluster })).toMatchObject({ code: 0 });
    expect((await createTenantPod()).code, 'still gone: else this proves nothing').toBe(1);
    await whenTenantsAreServed(60_000);
  });

  test('starts in a cluster that has its configuration and none of its pods', { timeout: 4 * minutes }, async () => {
    const deployments = ['deployment/sekisho-serve', 'deployment/sekisho-controller'];
    await own('scale', '--replicas=0', ...deployments);
    await own('wait', 'pod', '-l', 'app.kubernetes.io/name=sekisho', '--for=delete', '--timeout=60s');
    await driver.restart();
    expect(await createTenantPod()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no endpoints available'),
    });
    await own('scale', `--replicas=${replicas}`, ...deployments.slice(0, 1));
    await own('scale', '--replicas=1', ...deployments.slice(1));
    for (const deployment of deployments) await own('rollout', 'status', deployment, '--timeout=100s');
    await whenTenantsAreServed(10_000);
  });
});
