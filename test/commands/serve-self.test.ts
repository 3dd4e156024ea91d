import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../e2e/drivers/free-port.ts';
import { issueAuthority } from '../../src/io/tls/issue.ts';
import type { KeyPair } from '../../src/io/tls/key-pair.ts';
import {
  configuration,
  emptySecret,
  secretPath,
  startCertificateCluster,
} from '../io/certificates/certificate-cluster.ts';
import { daysFrom } from '../lifetimes.ts';
import { writeKubeconfig } from './loopback-kubeconfig.ts';
import { newFolder, program, run } from './running-sekisho.ts';

/* `sekisho serve` with a CA Secret in a cluster: certificates.mode self. */

const lifetime = daysFrom(new Date());
const [first, second] = await Promise.all([issueAuthority(lifetime), issueAuthority(lifetime)]);

let dir: string;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));

async function startServe(url: string) {
  const [config, kubeconfig] = [join(dir, 'settings.yaml'), join(dir, 'kubeconfig')];
  const installation = {
    namespace: 'sekisho',
    service: 'hook',
    webhookConfiguration: 'sekisho',
    caSecret: 'sekisho-ca',
    lease: 'l',
    canaryNamespace: 'c',
  };
  const certs = { leafLifetime: '10s', propagation: '1s', names: ['127.0.0.1'] };
  await writeFile(config, JSON.stringify({ shutdownDelay: '0s', certs, installation }));
  await writeKubeconfig(kubeconfig, url);
  const port = await freePort();
  const flags = ['--port', '0', '--host', '127.0.0.1', '--probe-port', String(port), '-p', 'builtin:restricted'];
  const child = spawn(program, ['serve', ...flags, '--config', config, '--kubeconfig', kubeconfig], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(JSON.parse(line)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    lines,
    exited,
    line: (message: string) => lines.find(({ msg }) => msg === message),
    probe: async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      return answer === undefined ? 'no answer' : `${answer.status} ${await answer.text()}`.trim();
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const waiting = { timeout: 20_000, interval: 50 };

function trust(cluster: Awaited<ReturnType<typeof startCertificateCluster>>, ...authorities: readonly KeyPair[]): void {
  const caBundle = Buffer.from(authorities.map(({ cert }) => cert).join('')).toString('base64');
  cluster.putConfiguration(configuration(configuration.entry('pods.sekisho.dev', caBundle)));
}

describe('sekisho serve with a CA of the cluster', () => {
  test('answers probes before there is a CA, listens with one, and is ready once it is trusted', async () => {
    await using cluster = await startCertificateCluster();
    cluster.api.put(secretPath, emptySecret);
    cluster.putConfiguration(configuration());
    await using serving = await startServe(cluster.api.url);
    await expect.poll(() => serving.probe('/readyz'), waiting).toBe('503 there is no serving certificate yet');
    expect(await serving.probe('/livez')).toBe('200 ok');
    expect(serving.line('listening')).toBeUndefined();
    cluster.changeSecret({ 'tls.crt': first.cert, 'tls.key': first.key, 'ca.crt': first.cert });
    await expect.poll(() => serving.line('listening'), waiting).toBeDefined();
    const untrusted = '503 the webhook configuration does not trust our certificate yet';
    await expect.poll(() => serving.probe('/readyz'), waiting).toBe(untrusted);
    trust(cluster, first);
    await expect.poll(() => serving.probe('/readyz'), waiting).toBe('200 ok');

    const { hostname, port } = new URL(String(serving.line('listening')?.['url']));
    const shown = async (ca: string, servername: string): Promise<string> => {
      const socket = connect({ host: hostname, port: Number(port), ca, servername });
      await once(socket, 'secureConnect');
      const { fingerprint256 = '' } = socket.getPeerX509Certificate() ?? {};
      socket.destroy();
      return fingerprint256;
    };
    const before = await shown(first.cert, 'hook.sekisho.svc');
    expect(await serving.probe('/metrics')).toMatch(/^sekisho_webhook_entries\{state="ok"\} 1$/m);
    await expect.poll(() => shown(first.cert, 'hook.sekisho.svc.cluster.local'), waiting).not.toBe(before);

    trust(cluster, second);
    cluster.changeSecret({ 'tls.crt': second.cert, 'tls.key': second.key, 'ca.crt': second.cert });
    const anew = () => shown(second.cert, 'hook.sekisho.svc').catch(() => 'not trusted');
    await expect.poll(anew, waiting).toMatch(/^[0-9A-F:]{95}$/);
    cluster.changeSecret(undefined);
    await expect
      .poll(() => serving.probe('/metrics'), waiting)
      .toMatch(/^sekisho_certificate_reload_failures_total 1$/m);
    expect(await serving.probe('/readyz')).toBe('200 ok');
    expect(JSON.stringify(serving.lines)).not.toContain('PRIVATE');
    serving.child.kill('SIGTERM');
    expect(await serving.exited).toBe(0);
  }, 90_000);

  test('ends at once when it is told to while it waits for a CA', async () => {
    await using cluster = await startCertificateCluster();
    await using serving = await startServe(cluster.api.url);
    await expect.poll(() => serving.probe('/readyz'), waiting).toMatch(/^503/);
    serving.child.kill('SIGTERM');
    expect(await serving.exited).toBe(0);
    expect(serving.line('stopped')).toMatchObject({ code: 0 });
  });

  test('waits, and lives, while the cluster cannot be reached', async () => {
    const cluster = await startCertificateCluster();
    await cluster[Symbol.asyncDispose]();
    await using serving = await startServe(cluster.api.url);
    await expect.poll(() => serving.line('watch of the CA interrupted'), waiting).toMatchObject({ level: 'warn' });
    expect(await serving.probe('/livez')).toBe('200 ok');
    expect(await serving.probe('/readyz')).toMatch(/^503/);
  });

  test('says what is missing where there is neither certificate nor CA, or the times make no sense', async () => {
    const config = join(dir, 'bare.yaml');
    await writeFile(config, 'maxMode: Audit\n');
    const args = ['serve', '--port', '0', '--probe-port', '0', '-p', 'builtin:restricted', '--config', config];
    expect(await run(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/or a --config whose installation/),
    });
    await writeFile(config, 'certs: {leafLifetime: 10s, propagation: 4s}\n');
    expect((await run(args)).stderr).toMatch(
      /bare\.yaml:1:9: certs\.leafLifetime: must be at least 10s and three times/,
    );
    await writeFile(config, 'certs: {caLifetime: 1h, leafLifetime: 30m, propagation: 1s}\n');
    expect((await run(args)).stderr).toMatch(/certs\.caLifetime: must be at least three times/);
  });
});
