import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../e2e/drivers/free-port.ts';
import { podPolicyExceptionKind, podPolicyKind } from '../../src/core/policy/kinds.ts';
import { namespacesPath } from '../../src/io/cluster/namespace-path.ts';
import { collectionOf } from '../../src/io/cluster/own-collections.ts';
import { podWith, reviewOf } from '../admission-requests.ts';
import { type Asked, type Interception, type LoopbackApi, startApi, statusOf } from '../io/cluster/loopback-api.ts';
import { writeKubeconfig } from './loopback-kubeconfig.ts';
import { newFolder, run, type Serving, serve } from './running-sekisho.ts';

/* `sekisho serve` with a cluster whose policies and namespaces count. */

const policies = collectionOf(podPolicyKind);
const apiVersion = 'sekisho.dev/v1alpha1';

let dir: string;
let api: LoopbackApi;
let intercept: (call: Asked) => Interception | undefined;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  intercept = () => undefined;
  api = await startApi({ intercept: (call) => intercept(call) });
  for (const collection of [policies, collectionOf(podPolicyExceptionKind), namespacesPath]) {
    api.collections.add(collection);
  }
  api.put(`${namespacesPath}/team-a`, { metadata: { name: 'team-a', labels: { team: 'a' } } });
});
afterEach(() => api[Symbol.asyncDispose]());

let generation = 0;
const policyOf = (name: string, level: string): object => ({
  apiVersion,
  kind: 'PodPolicy',
  metadata: { name, uid: name, generation: ++generation },
  spec: { mode: 'Enforce', podSecurity: { level } },
});
const put = (name: string, level = 'baseline'): void => {
  api.put(`${policies}/${name}`, policyOf(name, level) as never);
};

let started = 0;
async function flags(): Promise<readonly string[]> {
  const folder = join(dir, String(++started));
  return ['--dev', '--dir', folder, '--kubeconfig', await writeKubeconfig(`${folder}.kubeconfig`, api.url)];
}

interface Verdict {
  readonly allowed: boolean;
  /** The names of the policies that refuse. */
  readonly by: string;
}

async function ask(running: Serving, namespace = 'team-a'): Promise<Verdict> {
  const ca = await readFile(join(dir, String(started), 'ca.crt'), 'utf8');
  const body = JSON.stringify(reviewOf(podWith({ hostPID: true }), { namespace }));
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const call = request(`${running.url}/validate?timeout=10s`, { method: 'POST', ca, headers, agent: false });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += chunk;
  const { allowed, status } = JSON.parse(text).response;
  return { allowed, by: /polic(?:y|ies) (.*)$/m.exec(status?.message ?? '')?.[1] ?? '' };
}

const probe = async (probeUrl: string, path: string): Promise<string> => {
  const answer = await fetch(`${probeUrl}${path}`).catch(() => undefined);
  return answer === undefined ? 'no answer' : `${answer.status} ${await answer.text()}`.trim();
};
const waiting = { timeout: 20_000, interval: 25 };

describe('sekisho serve with a cluster', () => {
  test('needs no --policy: those of the cluster hold, and change under it', async () => {
    put('first');
    await using running = await serve(await flags());
    expect(running.lines.at(-1)).toMatchObject({ msg: 'listening', policies: ['first'], namespaces: 'the cluster' });
    expect(await ask(running)).toEqual({ allowed: false, by: 'first' });
    put('second');
    await expect.poll(() => ask(running), waiting).toEqual({ allowed: false, by: 'first, second' });
    api.remove(`${policies}/first`);
    await expect.poll(() => ask(running), waiting).toEqual({ allowed: false, by: 'second' });
    put('second', 'privileged');
    await expect.poll(() => ask(running), waiting).toEqual({ allowed: true, by: '' });
    expect(await probe(running.probeUrl, '/readyz')).toBe('200 ok');
  }, 60_000);

  test('answers nobody before the policies were listed, and is ready when the namespaces were too', async () => {
    put('first');
    const missing = { status: 403, body: statusOf(403, 'forbidden') };
    intercept = ({ path }) => (path === policies || path === namespacesPath ? missing : undefined);
    const port = await freePort();
    const starting = serve([...(await flags()), '--probe-port', String(port)]);
    const readiness = () => probe(`http://127.0.0.1:${port}`, '/readyz');
    await expect.poll(readiness, waiting).toBe('503 the policies of the cluster were not listed yet');
    intercept = ({ path }) => (path === namespacesPath ? missing : undefined);
    await using running = await starting;
    expect(running.lines.filter(({ level }) => level === 'warn')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          msg: 'cannot be followed, what was known last stays',
          resource: 'podpolicies.sekisho.dev',
          reason: `list ${policies}: 403: forbidden`,
        }),
      ]),
    );
    expect(await ask(running)).toEqual({ allowed: false, by: 'first' });
    expect(await readiness()).toBe('503 the namespaces of the cluster were not listed yet');
    intercept = () => undefined;
    await expect.poll(readiness, waiting).toBe('200 ok');
    const metrics = await probe(running.probeUrl, '/metrics');
    for (const resource of ['podpolicies.sekisho.dev', 'podpolicyexceptions.sekisho.dev', 'namespaces']) {
      expect(metrics).toContain(`sekisho_watch_following{resource="${resource}"} 1`);
    }
  }, 60_000);

  test('leaves a name to the file that has it, and says so until one of them is gone', async () => {
    const folder = join(dir, `policies-${started}`);
    const file = `${folder}.yaml`;
    await writeFile(file, JSON.stringify(policyOf('same', 'privileged')));
    put('same');
    await using running = await serve([...(await flags()), '--policy', file]);
    expect(await ask(running)).toEqual({ allowed: true, by: '' });
    const [told] = running.lines.filter(({ level }) => level === 'error');
    expect(told).toMatchObject({
      msg: 'policy cannot be used, its name is taken',
      reason: `podpolicy/same: the policy same stands in ${file}:1:1 too: rename one of them`,
      policies: ['same'],
    });
    const metrics = () => probe(running.probeUrl, '/metrics');
    expect(await metrics()).toMatch(/^sekisho_policies\{mode="Enforce",ready="false"\} 1$/m);
    await writeFile(file, JSON.stringify(policyOf('other', 'privileged')));
    await expect.poll(() => ask(running), waiting).toEqual({ allowed: false, by: 'same' });
    expect(await metrics()).not.toMatch(/ready="false"/);
  }, 60_000);

  test('goes on with the last good policies while the API server is away, ready all the time, and catches up', async () => {
    put('first');
    await using running = await serve(await flags());
    await expect.poll(() => probe(running.probeUrl, '/readyz'), waiting).toBe('200 ok');
    intercept = () => 'reset';
    api.server.closeAllConnections();
    await expect.poll(() => probe(running.probeUrl, '/metrics'), waiting).toMatch(/^sekisho_watch_following\S* 0$/m);
    expect(await ask(running)).toEqual({ allowed: false, by: 'first' });
    expect(await probe(running.probeUrl, '/readyz')).toBe('200 ok');
    api.watchers.clear();
    api.remove(`${policies}/first`);
    put('second');
    api.forgetHistory();
    intercept = () => undefined;
    await expect.poll(() => ask(running), waiting).toEqual({ allowed: false, by: 'second' });
    await running.logged('objects were removed while unwatched');
  }, 60_000);

  test('takes a policy that is broken in the cluster as it takes one in a file', async () => {
    put('first');
    put('never', 'strict');
    await using running = await serve(await flags());
    expect(await ask(running)).toEqual({ allowed: false, by: 'first, never' });
    put('first', 'strict');
    await running.logged('policy cannot be used, the last good version stays');
    expect(await ask(running)).toEqual({ allowed: false, by: 'first, never' });
    const told = running.lines.filter(({ level }) => level === 'error').map(({ msg, policies }) => [msg, policies]);
    expect(told).toEqual([
      ['policy cannot be used, what it matches gets a finding', ['never']],
      ['policy cannot be used, the last good version stays', ['first']],
    ]);
  }, 60_000);

  test('asks for a namespace that the watch has not told of, and for no other', async () => {
    put('first');
    await using running = await serve(await flags());
    await expect.poll(() => probe(running.probeUrl, '/readyz'), waiting).toBe('200 ok');
    await ask(running, 'team-a');
    await ask(running, 'team-b');
    const asked = api.asked.map(({ path }) => path).filter((path) => path.startsWith(`${namespacesPath}/`));
    expect(asked).toEqual([`${namespacesPath}/team-b`]);
  }, 60_000);

  test('needs one of both: a policy or a cluster', async () => {
    const file = join(dir, 'exception.yaml');
    const spec = {
      policies: [{ name: 'p', rules: ['hostPorts'] }],
      match: {},
      reason: 'r',
      expiresAt: '2027-01-31T00:00:00Z',
    };
    await writeFile(file, JSON.stringify({ apiVersion, kind: 'PodPolicyException', metadata: { name: 'e' }, spec }));
    const ports = ['--port', '0', '--probe-port', '0', '--dev', '--dir', join(dir, 'none')];
    const { code, stderr } = await run(['serve', ...ports, '--policy', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${file}: holds no PodPolicy`)]);
  }, 30_000);
});
