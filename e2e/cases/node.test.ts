import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeDriver } from '../drivers/node.ts';
import type { Outcome } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase } from '../harness/case.ts';
import { helmOutput } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { nodeTimeoutMs, sekishoImage, startNode } from '../harness/node.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { startSekisho } from '../harness/sekisho.ts';

const manifests = readManifests(import.meta.filename);

describeCase('a node', ['node'], () => {
  let driver: NodeDriver;
  let namespace = '';
  beforeAll(async () => {
    driver = await startNode();
    await sekishoImage(driver.cluster);
    namespace = await createNamespace({}, { cluster: driver.cluster });
    for (const name of ['Deployment/web', 'Service/web']) await create(name);
    await run('wait', 'deployment/web', '--for=condition=Available', '--timeout=50s');
  }, nodeTimeoutMs);
  afterAll(() => driver?.[Symbol.asyncDispose]());

  const run = (...args: string[]): Promise<string> =>
    kubectlOutput(['-n', namespace, ...args], { cluster: driver.cluster });
  const attempt = (...args: string[]): Promise<Outcome> =>
    kubectl(['-n', namespace, ...args], { cluster: driver.cluster });
  const create = (name: string): Promise<string> =>
    kubectlOutput(['-n', namespace, 'create', '-f', '-'], { cluster: driver.cluster, stdin: manifests.object(name) });
  const inWebPod = (script: string): Promise<string> =>
    run('exec', 'deployment/web', '--', '/nodejs/bin/node', '-e', script);
  const webPods = async (): Promise<string[]> =>
    (await run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');

  test('is Ready, under the name of the user `node`', async () => {
    const status = 'jsonpath={.items[*].metadata.name} {.items[*].status.conditions[?(@.type=="Ready")].status}';
    expect(await run('get', 'nodes', '-o', status)).toBe('e2e True');
  });

  test('runs a pod to its end as its own user, on a root filesystem that nobody can write, and keeps its log', async () => {
    await create('Pod/once');
    await run('wait', 'pod/once', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=50s');
    expect(JSON.parse(await run('logs', 'once'))).toEqual({ uid: 65532, root: 'EROFS', home: 'EROFS' });
  });

  test('lets the API server reach a Service', async () => {
    const answer = await run('get', '--raw', `/api/v1/namespaces/${namespace}/services/web/proxy/`);
    expect(await webPods()).toContain(answer);
  });

  test('lets a pod reach a Service, whichever of its pods answers', async () => {
    const address = await run('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const answers = `Promise.all(Array.from({ length: 40 }, () => fetch('http://${address}').then((a) => a.text())))`;
    const print = `.then((names) => console.log([...new Set(names)].sort().join()))`;
    expect((await inWebPod(answers + print)).trim()).toBe((await webPods()).sort().join());
  });

  test('lets a pod reach the API server and know it by the certificate of its service account', async () => {
    const script = `
      const { readFileSync } = require('node:fs');
      const file = (name) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name, 'utf8');
      const headers = { authorization: 'Bearer ' + file('token') };
      const url = 'https://' + process.env.KUBERNETES_SERVICE_HOST + '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const request = require('node:https').request(url, { ca: file('ca.crt'), headers: { ...headers, 'content-type': 'application/json' }, method: 'POST' });
      request.on('response', async (answer) => console.log(JSON.parse(Buffer.concat(await answer.toArray())).status.userInfo.username));
      request.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');`;
    expect((await inWebPod(script)).trim()).toBe(`system:serviceaccount:${namespace}:default`);
  });

  test('starts an ephemeral container', async () => {
    const [pod = ''] = await webPods();
    const print = ['--', '/nodejs/bin/node', '-e', 'console.log("looked around")'];
    await run(
      'debug',
      pod,
      '--image=sekisho.dev/sekisho:0.1.0',
      '--container=guest',
      '--attach=false',
      '--profile=restricted',
      ...print,
    );
    const log = await waitFor(async () => (await attempt('logs', pod, '-c', 'guest')).stdout || undefined, {
      withinMs: 20_000,
      what: 'the log of the ephemeral container',
    });
    expect(log).toBe('looked around\n');
  });

  test('starts containers again whose processes are killed', async () => {
    const restarts = async (): Promise<string> =>
      run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}');
    expect(await restarts()).toBe('0 0');
    expect(await driver.cluster.node.killContainers({ namespace, labelSelector: 'app=web' })).toBeGreaterThanOrEqual(2);
    await waitFor(async () => (await restarts()) === '1 1' || undefined, { withinMs: 30_000, what: 'both restarts' });
    await run('wait', 'deployment/web', '--for=condition=Available', '--timeout=50s');
  });

  test('lets helm install a chart and remove it', async () => {
    const { cluster } = driver;
    const chart = join(cluster.folder, 'chart');
    await mkdir(join(chart, 'templates'), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: small\nversion: 1.0.0\n');
    await writeFile(join(chart, 'templates', 'once.yaml'), manifests.object('Pod/once').replace('"once"', '"charted"'));
    await helmOutput(['install', 'small', chart, '--namespace', namespace], { cluster });
    expect(await run('get', 'pod', 'charted', '-o', 'name')).toBe('pod/charted\n');
    await helmOutput(['uninstall', 'small', '--namespace', namespace, '--wait'], { cluster });
    expect(await run('get', 'pod', 'charted', '--ignore-not-found', '-o', 'name')).toBe('');
  });

  test('lets the API server ask a webhook on this machine, also after it was restarted', async () => {
    const { cluster } = driver;
    const guarded = await createNamespace({}, { cluster });
    const policy = await writePolicy(manifests.object('PodPolicy/strict'), guarded);
    await using _sekisho = await startSekisho({ policyFiles: [policy], cluster });
    const privileged = ['-n', guarded, 'run', 'shell', '--image=sekisho.dev/sekisho:0.1.0', '--privileged'];
    expect((await kubectl(privileged, { cluster })).stderr).toContain('violations of policy strict');
    await driver.restart();
    expect((await kubectl(privileged, { cluster })).stderr).toContain('violations of policy strict');
  });
});
