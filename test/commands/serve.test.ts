import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { minimalPod } from '../../src/core/rules/minimal-pod.ts';
import { issueLeaf } from '../../src/io/tls/issue.ts';
import { reviewOf } from '../admission-requests.ts';
import { authority, newLeaf } from '../io/server/running-webhook.ts';
import { daysFrom } from '../lifetimes.ts';
import { newFolder, program, run, serve } from './running-sekisho.ts';

let dir: string;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));

const good = JSON.stringify(reviewOf(minimalPod));
const bad = JSON.stringify(reviewOf({ ...minimalPod, spec: { ...minimalPod.spec, hostPID: true } }));
const head = (length: number): string =>
  `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

async function post(
  url: string,
  ca: string,
  body: string,
): Promise<{ allowed: boolean; status?: { message: string } }> {
  const call = request(`${url}?timeout=10s`, {
    method: 'POST',
    ca,
    agent: false,
    headers: { 'content-type': 'application/json' },
  });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of answer) text += chunk;
  return JSON.parse(text).response;
}

async function pairFiles(name: string, pair: { cert: string; key: string }) {
  const files = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  await writeFile(files.cert, pair.cert);
  await writeFile(files.key, pair.key);
  return files;
}

describe('sekisho serve --dev', () => {
  test('writes what an API server and a client need, and answers over verified TLS', async () => {
    const folder = join(dir, 'new', 'dev');
    await using running = await serve(['--dev', '--dir', folder]);
    expect(running.lines).toHaveLength(1);
    expect(running.lines[0]).toMatchObject({ msg: 'listening', policies: ['builtin:restricted'] });
    expect(running.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const { metadata, webhooks, ...configuration } = parse(
      await readFile(join(folder, 'webhook-configuration.yaml'), 'utf8'),
    );
    expect(configuration).toEqual({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
    });
    expect(metadata).toEqual({ name: 'sekisho-dev' });
    expect(webhooks).toHaveLength(1);
    const [webhook] = webhooks;
    expect(webhook).toMatchObject({
      name: 'pods.sekisho.dev',
      clientConfig: { url: `${running.url}/validate`, caBundle: Buffer.from(ca).toString('base64') },
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 10,
    });
    expect(webhook).not.toHaveProperty('objectSelector');
    expect((await post(webhook.clientConfig.url, ca, good)).allowed).toBe(true);
    const denied = await post(webhook.clientConfig.url, ca, bad);
    expect(denied.allowed).toBe(false);
    expect(denied.status?.message).toMatch(/hostPID/);
    await expect(post(webhook.clientConfig.url, authority.cert, good)).rejects.toThrow(/certificate|signature/);
    expect((await fetch(`${running.probeUrl}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${running.probeUrl}/metrics`)).text()).toMatch(/decision="deny".*\} 1/);
  });

  test('asks for every way to bring a pod, and excludes kube-system by the name nobody can change', async () => {
    const folder = join(dir, 'rules');
    await using _running = await serve(['--dev', '--dir', folder]);
    const text = await readFile(join(folder, 'webhook-configuration.yaml'), 'utf8');
    expect(text).not.toMatch(/[&*][a-z]\d/);
    const [webhook] = parse(text).webhooks;
    const asked = webhook.rules.flatMap((rule: { apiGroups: string[]; resources: string[]; operations: string[] }) =>
      rule.resources.map((resource) => `${rule.apiGroups}/${resource} ${rule.operations}`),
    );
    expect(asked).toEqual([
      '/pods CREATE,UPDATE',
      '/replicationcontrollers CREATE,UPDATE',
      '/podtemplates CREATE,UPDATE',
      '/pods/ephemeralcontainers UPDATE',
      '/pods/resize UPDATE',
      'apps/replicasets CREATE,UPDATE',
      'apps/deployments CREATE,UPDATE',
      'apps/statefulsets CREATE,UPDATE',
      'apps/daemonsets CREATE,UPDATE',
      'batch/jobs CREATE,UPDATE',
      'batch/cronjobs CREATE,UPDATE',
    ]);
    expect(webhook.namespaceSelector).toEqual({
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
    });
  });

  test('listens on loopback alone, and never writes a private key', async () => {
    const folder = join(dir, 'private');
    await using running = await serve(['--dev', '--dir', folder]);
    const sockets = execFileSync('cat', ['/proc/net/tcp'], { encoding: 'utf8' });
    const port = Number(new URL(running.url).port).toString(16).toUpperCase().padStart(4, '0');
    expect(sockets).toContain(`0100007F:${port} `);
    expect(sockets).not.toContain(`00000000:${port} `);
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['ca.crt', 'webhook-configuration.yaml']);
    for (const file of files) expect(await readFile(join(folder, file), 'utf8')).not.toContain('PRIVATE');
    expect((await stat(join(folder, 'ca.crt'))).mode & 0o777).toBe(0o644);
  });
});

describe('sekisho serve --cert --key', () => {
  test('listens on every address, of IPv4 and of IPv6', async () => {
    const { cert, key } = await pairFiles('all', await newLeaf());
    await using running = await serve(['-p', 'builtin:baseline', '--cert', cert, '--key', key]);
    const { port, hostname } = new URL(running.url);
    const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'));
    expect(hostname).toBe(hasIpv6 ? '[::]' : '0.0.0.0');
    for (const host of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
      expect((await post(`https://${host}:${port}/validate`, authority.cert, good)).allowed).toBe(true);
      expect((await fetch(`http://${host}:${new URL(running.probeUrl).port}/readyz`)).status).toBe(200);
    }
  });

  test('takes a new pair without a restart, and keeps the last good one when the new one is bad', async () => {
    const files = await pairFiles('rotated', await newLeaf());
    await using running = await serve([
      '-p',
      'builtin:baseline',
      '--host',
      '127.0.0.1',
      '--cert',
      files.cert,
      '--key',
      files.key,
    ]);
    const shown = async (): Promise<string> => {
      const socket = connect({ port: Number(new URL(running.url).port), host: '127.0.0.1', ca: authority.cert });
      await once(socket, 'secureConnect');
      const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
      socket.destroy();
      return serial;
    };
    const before = await shown();
    await pairFiles('rotated', await newLeaf());
    await running.logged('certificate replaced');
    const after = await shown();
    expect(after).not.toBe(before);
    const past = daysFrom(new Date('2020-01-01'));
    await pairFiles('rotated', await issueLeaf(authority, { dns: ['localhost'], ip: [] }, past));
    const refused = await running.logged('new certificate refused, the last good one stays');
    expect(refused).toMatchObject({ level: 'error', reason: expect.stringContaining('expired') });
    expect(await shown()).toBe(after);
    const metrics = await (await fetch(`${running.probeUrl}/metrics`)).text();
    expect(metrics).toMatch(/^sekisho_certificate_reload_failures_total [1-9]/m);
    expect(metrics).toMatch(/^sekisho_certificate_expiry_timestamp_seconds\{kind="serving"\} \d{10}/m);
    expect((await fetch(`${running.probeUrl}/readyz`)).status).toBe(200);
  });
});

describe('the end of sekisho serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s finishes what is in flight and exits 0', async (signal) => {
    const folder = join(dir, signal);
    await using running = await serve(['--dev', '--dir', folder]);
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const port = Number(new URL(running.url).port);
    const [busy, idle] = [connect({ port, host: '127.0.0.1', ca }), connect({ port, host: '127.0.0.1', ca })];
    await Promise.all([once(busy, 'secureConnect'), once(idle, 'secureConnect')]);
    idle.write(head(good.length) + good);
    await once(idle, 'data');
    busy.write(head(good.length) + good.slice(0, 100));
    await expect.poll(async () => await (await fetch(`${running.probeUrl}/metrics`)).text()).toContain('inflight 1');
    running.child.kill(signal);
    await once(idle.resume(), 'close');
    const probe = await fetch(`${running.probeUrl}/readyz`);
    expect([probe.status, await probe.text()]).toEqual([503, 'stopping\n']);
    await expect(post(`${running.url}/validate`, ca, good), 'no longer listening').rejects.toThrow(/ECONNREFUSED/);
    busy.write(good.slice(100));
    let answer = '';
    for await (const chunk of busy) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*connection: close.*"allowed":true/is);
    expect(await running.exited).toBe(0);
    expect(running.lines.at(-1)).toMatchObject({ msg: 'stopped', code: 0 });
  });

  test('with a delay goes on answering, but is not ready and sends everybody away', async () => {
    const folder = join(dir, 'delay');
    const config = join(dir, 'delay.yaml');
    await writeFile(config, 'shutdownDelay: 2s\n');
    await using running = await serve(['--dev', '--dir', folder, '--config', config]);
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const socket = connect({ port: Number(new URL(running.url).port), host: '127.0.0.1', ca });
    await once(socket, 'secureConnect');
    running.child.kill('SIGTERM');
    expect(await running.logged('stopping')).toMatchObject({ delay: 2_000 });
    expect((await fetch(`${running.probeUrl}/readyz`)).status).toBe(503);
    expect((await post(`${running.url}/validate`, ca, good)).allowed, 'on a new connection').toBe(true);
    socket.write(head(good.length) + good);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*connection: close/is);
    expect(running.child.exitCode).toBeNull();
    expect(await running.exited).toBe(0);
  });

  test('by a second signal does not wait', async () => {
    const folder = join(dir, 'twice');
    await using running = await serve(['--dev', '--dir', folder]);
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const busy = connect({ port: Number(new URL(running.url).port), host: '127.0.0.1', ca });
    await once(busy, 'secureConnect');
    busy.on('error', () => undefined).write(head(100));
    await expect.poll(async () => await (await fetch(`${running.probeUrl}/metrics`)).text()).toContain('inflight 1');
    running.child.kill('SIGTERM');
    await running.logged('stopping');
    const started = performance.now();
    running.child.kill('SIGTERM');
    await running.exited;
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('sekisho serve refuses to start', () => {
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(['serve', '--port', '0', '--probe-port', '0', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^sekisho: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    return stderr;
  };

  test('without a policy, a certificate, or half of one', async () => {
    const { cert, key } = await pairFiles('fine', await newLeaf());
    expect(await refused('--cert', cert, '--key', key)).toMatch(/no policy: add --policy/);
    expect(await refused('-p', 'builtin:restricted')).toMatch(
      /no certificate: add --cert FILE and --key FILE, or --dev/,
    );
    expect(await refused('-p', 'builtin:restricted', '--cert', cert)).toMatch(/no certificate/);
    expect(await refused('--dev', '--cert', cert, '--key', key)).toMatch(/leave out --cert/);
  });

  test('with a policy, certificate, port or setting that is none', async () => {
    const { cert } = await pairFiles('one', await newLeaf());
    const { key } = await pairFiles('other', await newLeaf());
    expect(await refused('-p', join(dir, 'none.yaml'), '--dev')).toMatch(/none\.yaml: cannot be read/);
    expect(await refused('-p', 'builtin:restricted', '--cert', cert, '--key', key)).toMatch(/does not belong/);
    expect(await refused('--dev', '--port', '70000')).toMatch(/port is a number from 0 to 65535/);
    expect(await refused('--dev', '--log-level', 'loud')).toMatch(/Allowed choices/);
    expect(await refused('--dev', '--nonsense')).toMatch(/unknown option '--nonsense'/);
    const config = join(dir, 'config.yaml');
    await writeFile(config, 'maxMode: Audit\nmaxMood: high\n');
    expect(await refused('--dev', '--config', config)).toMatch(/config\.yaml:2:1: maxMood: is not a known setting/);
    await writeFile(config, 'maxMode: Deny\n');
    expect(await refused('--dev', '--config', config)).toMatch(/config\.yaml:1:1: maxMode: /);
  });

  test('on a port that is taken', async () => {
    await using running = await serve(['--dev', '--dir', join(dir, 'taken')]);
    const port = new URL(running.url).port;
    expect(await refused('--dev', '--dir', join(dir, 'late'), '--port', port)).toMatch(
      `cannot listen on 127.0.0.1 port ${port}`,
    );
    expect(existsSync(join(dir, 'late'))).toBe(false);
  });
});

describe('the settings', () => {
  test('lower every policy to the ceiling, and choose the language unless the command line does', async () => {
    const config = join(dir, 'audit.yaml');
    const folder = join(dir, 'settings');
    for (const [language, args, text] of [
      ['ja', [], /でなければなりません/],
      ['both', [], /must be.*でなければなりません/],
      ['both', ['--lang', 'en'], /^(?!.*でなければなりません).*must be/],
    ] as const) {
      await writeFile(config, `maxMode: Warn\nlanguage: ${language}\n`);
      await using running = await serve(['--dev', '--dir', folder, '--config', config, ...args]);
      const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
      const verdict = (await post(`${running.url}/validate`, ca, bad)) as { allowed: boolean; warnings?: string[] };
      expect(verdict.allowed).toBe(true);
      expect(verdict.warnings?.join()).toMatch(text);
    }
  });
});

describe('bin/sekisho', () => {
  test('prints help and version on stdout with exit code 0', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/serve.*version/s),
      stderr: '',
    });
    expect(await run(['serve', '--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--probe-port') });
    expect(await run(['help', 'serve'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--probe-port') });
    expect(await run(['version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sekisho \d+\.\d+\.\d+ /) });
    expect(await run(['--lang', 'ja', 'version'])).toMatchObject({ code: 0 });
  });

  test('exits 2 for bad usage, and suggests', async () => {
    expect(await run([])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: sekisho') });
    expect(await run(['serv'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^sekisho: unknown command 'serv'.*serve/s),
    });
    expect(await run(['--lang', 'fr', 'version'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^sekisho: /),
    });
  });

  test('runs through a symlink, and by a relative one', async () => {
    const link = join(dir, 'sekisho');
    await symlink(program, link);
    await symlink('sekisho', join(dir, 'again'));
    expect(execFileSync(join(dir, 'again'), ['version'], { encoding: 'utf8', cwd: '/' })).toMatch(/^sekisho /);
  });

  test('says what to do where nothing is installed', async () => {
    const { mkdir, copyFile } = await import('node:fs/promises');
    await mkdir(join(dir, 'bare', 'bin'), { recursive: true });
    const copy = join(dir, 'bare', 'bin', 'sekisho');
    await copyFile(program, copy);
    expect(() => execFileSync(copy, ['version'], { stdio: 'pipe' })).toThrow(/run 'npm ci' in/);
  });
});
