import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer } from '../drivers/api-server.ts';
import type { Driver } from '../drivers/cluster.ts';
import { waitFor } from '../drivers/waiting.ts';
import { type ApiProxy, startApiProxy } from '../harness/api-proxy.ts';
import { type Called, startCallers } from '../harness/callers.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { kubeconfigOf } from '../harness/controller.ts';
import { installKinds } from '../harness/kinds.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

const manifests = readManifests(import.meta.filename);
const rights = [
  'ServiceAccount/serve',
  ...['policies', 'namespaces'].flatMap((what) => [`ClusterRole/serve-${what}`, `ClusterRoleBinding/serve-${what}`]),
];

/** Milliseconds. `E2E_OUTAGE=long` is the scale of the acceptance test. */
const outage = process.env['E2E_OUTAGE'] === 'long' ? 90_000 : 12_000;
const requests = 10_000;
const swaps = 40;

describeCase('the policies of a cluster', ['binaries', 'webhookAddress'], () => {
  let driver: Driver;
  let proxy: ApiProxy;
  let sekisho: Sekisho;
  let namespace = '';
  let version = 0;
  beforeAll(async () => {
    const { binaries, driver: kind } = sharedCluster();
    if (binaries === undefined) throw new Error('the case needs binaries');
    driver = await startApiServer(binaries, kind);
    const { cluster } = driver;
    await installKinds(cluster);
    for (const object of rights) await run(['create', '-f', '-'], manifests.object(object));
    await applyAlways();
    namespace = await createNamespace({}, { cluster });
    proxy = await startApiProxy(cluster);
    const kubeconfig = await proxy.kubeconfig(await kubeconfigOf('serve', 'default', cluster));
    sekisho = await startSekisho({ cluster, args: ['--kubeconfig', kubeconfig] });
  }, 120_000);
  afterAll(async () => {
    await sekisho?.stop();
    await proxy?.[Symbol.asyncDispose]();
    await driver?.[Symbol.asyncDispose]();
  });

  const run = (args: readonly string[], stdin = ''): Promise<string> =>
    kubectlOutput(args, { stdin, cluster: driver.cluster });
  const apply = (text: string): Promise<string> => run(['apply', '-f', '-'], text);
  async function applyAlways(): Promise<void> {
    await apply(manifests.object('PodPolicy/always').replace('NUMBER', String(++version)));
  }
  /** What kubectl says of a pod, by dry run. */
  async function verdictOn(pod: 'bad' | 'plain', where = namespace): Promise<string> {
    const args = ['-n', where, 'create', '--dry-run=server', '-f', '-'];
    const { code, stderr } = await kubectl(args, { stdin: manifests.object(`Pod/${pod}`), cluster: driver.cluster });
    return code === 0 ? `created ${stderr}` : stderr;
  }
  const soon = (expected: string, withinMs = 20_000, pod: 'bad' | 'plain' = 'bad') =>
    waitFor(async () => ((await verdictOn(pod)).includes(expected) ? true : undefined), {
      withinMs,
      everyMs: 20,
      what: `a verdict with “${expected}”`,
    });
  const metrics = async (): Promise<string> => (await fetch(`${sekisho.probeUrl}/metrics`)).text();
  const readiness = async (): Promise<number> => (await fetch(`${sekisho.probeUrl}/readyz`)).status;

  /** Asks the webhook itself, again and again, about a pod that no version of the policy lets pass. */
  async function startAsking(pauseMilliseconds = 1) {
    const request = {
      uid: 'a',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'somebody' },
      object: JSON.parse(manifests.object('Pod/bad')) as unknown,
    };
    const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
    const ca = await readFile(join(sekisho.dir, 'ca.crt'), 'utf8');
    return startCallers({ url: () => sekisho.url, ca, review, kept: 4, fresh: 1, pauseMilliseconds });
  }

  test('take effect within 2 s after kubectl has applied them', async () => {
    await soon('version 1');
    const took: number[] = [];
    for (let i = 0; i < 5; i++) {
      await applyAlways();
      const applied = performance.now();
      await soon(`version ${version}`, 2_000);
      took.push(performance.now() - applied);
    }
    process.stdout.write(`policy-sources: in effect after ${took.map(Math.round).join(', ')} ms\n`);
  });

  test(`are swapped ${swaps} times under ${requests} requests, none of which is judged without one`, {
    timeout: 240_000,
  }, async () => {
    const first = version;
    const callers = await startAsking();
    for (let swap = 0; swap < swaps || callers.calls.length < requests; swap++) {
      await applyAlways();
      if (swap % 4 === 1) await apply(manifests.object('PodPolicy/passing'));
      if (swap % 4 === 3) await run(['delete', 'podpolicy', 'passing']);
    }
    await soon(`version ${version}`);
    await sleep(500);
    await callers.stop();
    const judged = callers.calls.map(judgedBy);
    process.stdout.write(`policy-sources: ${judged.length} requests across ${version - first} versions\n`);
    expect(judged.length).toBeGreaterThanOrEqual(requests);
    expect(judged.filter(({ problem }) => problem !== undefined).slice(0, 3)).toEqual([]);
    expect(wentBack(judged)).toEqual([]);
    expect(new Set(judged.map((each) => each.version)).size).toBeGreaterThan(swaps / 2);
    expect(judged.at(-1)?.version).toBe(version);
  });

  test('are caught up with after the API server has forgotten the versions of the watches', async () => {
    for (let round = 0; round < 2; round++) {
      const { expired } = proxy;
      proxy.sever();
      await applyAlways();
      proxy.expireWatches();
      proxy.mend();
      await soon(`version ${version}`);
      await waitFor(async () => (proxy.expired >= expired + 3 ? true : undefined), {
        withinMs: 20_000,
        what: 'a watch of each collection that is told 410',
      });
    }
    await applyAlways();
    await soon(`version ${version}`, 2_000);
  });

  test(`keep serving in an outage of ${outage / 1_000} s, ready all the time, and are caught up with`, {
    timeout: outage + 90_000,
  }, async () => {
    const before = version;
    const callers = await startAsking(50);
    proxy.sever();
    await applyAlways();
    const severed = performance.now();
    const states = new Set<number>();
    while (performance.now() - severed < outage) {
      states.add(await readiness());
      await sleep(500);
    }
    expect(await metrics()).toContain('sekisho_watch_following{resource="podpolicies.sekisho.dev"} 0');
    const asked = callers.calls.length;
    proxy.mend();
    const mended = performance.now();
    await soon(`version ${version}`, 30_000);
    process.stdout.write(`policy-sources: caught up ${Math.round(performance.now() - mended)} ms after the outage\n`);
    await callers.stop();
    const judged = callers.calls.map(judgedBy);
    expect([...states]).toEqual([200]);
    expect(judged.filter(({ problem }) => problem !== undefined).slice(0, 3)).toEqual([]);
    expect(new Set(judged.slice(0, asked).map((each) => each.version))).toEqual(new Set([before]));
    expect(asked).toBeGreaterThan(outage / 1_000);
  });

  test('keep serving while the API server restarts, and change again afterwards', { timeout: 120_000 }, async () => {
    const callers = await startAsking(20);
    for (let i = 0; i < 5; i++) await run(['-n', namespace, 'create', 'configmap', `other-${i}`]);
    await driver.restart?.();
    await applyAlways();
    await soon(`version ${version}`, 30_000);
    await callers.stop();
    const judged = callers.calls.map(judgedBy);
    expect(judged.filter(({ problem }) => problem !== undefined).slice(0, 3)).toEqual([]);
    expect(await readiness()).toBe(200);
  });

  test('are those of the labels that a namespace was created with, also for a pod created back to back', async () => {
    await apply(manifests.object('PodPolicy/by-label'));
    const guarded = await createNamespace({ guarded: 'yes' }, { cluster: driver.cluster });
    await waitFor(async () => ((await verdictOn('plain', guarded)).includes('by-label') ? true : undefined), {
      withinMs: 5_000,
      what: 'by-label in force',
    });
    for (let i = 0; i < 10; i++) {
      const labels = { guarded: i % 2 === 0 ? 'yes' : 'no' };
      const where = `back-to-back-${i}`;
      const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: where, labels } };
      const pod = JSON.parse(manifests.object('Pod/plain')) as { metadata: object };
      const items = [made, { ...pod, metadata: { ...pod.metadata, namespace: where } }];
      const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const { code, stderr } = await kubectl(['create', '-f', '-'], { stdin, cluster: driver.cluster });
      const found = code === 0 ? 'created' : stderr;
      expect(found, where).toMatch(i % 2 === 0 ? /violations? of policy by-label/ : /^created$/);
    }
  });

  test('that need labels give the third verdict where a namespace cannot be read, and never none', {
    timeout: 120_000,
  }, async () => {
    await apply(manifests.object('PodPolicy/by-label'));
    const verdictInNew = async (): Promise<string> =>
      verdictOn('plain', await createNamespace({ guarded: 'yes' }, { cluster: driver.cluster }));
    const untilInNew = (expected: string) =>
      waitFor(async () => ((await verdictInNew()).includes(expected) ? true : undefined), {
        withinMs: 40_000,
        what: `a verdict with “${expected}” in a new namespace`,
      });
    await untilInNew('allowPrivilegeEscalation');
    await run(['delete', 'clusterrolebinding', 'serve-namespaces']);
    const ask = ['auth', 'can-i', 'get', 'namespaces', '--as=system:serviceaccount:default:serve'];
    const refused = async () => ((await kubectl(ask, { cluster: driver.cluster })).code === 1 ? true : undefined);
    await waitFor(refused, { withinMs: 20_000, what: 'the API server to refuse' });
    // A watch that is open stays so.
    proxy.expireWatches();
    await untilInNew('the namespace could not be read: the API server answered 403');
    expect(await verdictOn('bad'), 'what was known last goes on').toContain(`version ${version}`);
    expect(await readiness()).toBe(200);
    await apply(manifests.object('ClusterRoleBinding/serve-namespaces'));
    await untilInNew('allowPrivilegeEscalation');
  });
});

interface Judged extends Called {
  readonly version: number;
  readonly problem: string | undefined;
}

function judgedBy(call: Called): Judged {
  const [, version] = /version (\d+)/.exec(call.answer) ?? [];
  const denied = call.answer.includes('"allowed":false') && version !== undefined;
  return { ...call, version: Number(version), problem: denied ? undefined : call.answer };
}

/** Those that were judged by an older version than one that had been answered before they were asked. */
function wentBack(judged: readonly Judged[]): readonly string[] {
  const byStart = judged.toSorted((a, b) => a.started - b.started);
  const byEnd = judged.toSorted((a, b) => a.started + a.milliseconds - b.started - b.milliseconds);
  const wrong: string[] = [];
  let [ended, newest] = [0, 0];
  for (const { started, version } of byStart) {
    for (let other = byEnd[ended]; other && other.started + other.milliseconds < started; other = byEnd[++ended]) {
      newest = Math.max(newest, other.version);
    }
    if (version < newest) wrong.push(`version ${version} after ${newest}`);
  }
  return wrong;
}
