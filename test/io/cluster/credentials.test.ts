import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCredentials } from '../../../src/io/cluster/credentials.ts';
import { createClusterClient } from '../../../src/io/cluster/http-client.ts';
import { serviceAccountCredentials } from '../../../src/io/cluster/service-account.ts';
import { authority } from '../server/running-webhook.ts';
import { startApi } from './loopback-api.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-credentials-'));
});
afterEach(() => rm(folder, { recursive: true }));

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

describe('the service account of a pod', () => {
  const write = async (token: string, ca = 'CA') => {
    await writeFile(join(folder, 'token'), token);
    await writeFile(join(folder, 'ca.crt'), ca);
  };
  let clock = 0;
  const open = (environment: Record<string, string> = pod) =>
    serviceAccountCredentials(environment, { folder, now: () => clock });

  test.each([
    ['10.96.0.1', 'https://10.96.0.1/'],
    ['fd00::1', 'https://[fd00::1]/'],
  ])('knows the address %s', async (host, expected) => {
    expect(open({ ...pod, KUBERNETES_SERVICE_HOST: host }).server.href).toBe(expected);
  });

  test('presents token and CA; an environment variable cannot switch the verification off', async () => {
    await write('one\n');
    expect(await open().present()).toEqual({
      headers: { authorization: 'Bearer one' },
      tls: { ca: 'CA', rejectUnauthorized: true },
    });
  });

  test('is read again after a minute, and at once when it was refused', async () => {
    await write('one');
    const credentials = open();
    const token = async () => (await credentials.present()).headers['authorization'];
    expect(await token()).toBe('Bearer one');
    await write('two');
    clock += 59_000;
    expect(await token()).toBe('Bearer one');
    clock += 1_000;
    expect(await token()).toBe('Bearer two');
    await write('three');
    credentials.forget();
    expect(await token()).toBe('Bearer three');
  });

  test('stays what it was while the files cannot be read', async () => {
    await write('one');
    const credentials = open();
    await credentials.present();
    await rm(join(folder, 'token'));
    clock += 120_000;
    expect(await credentials.present()).toMatchObject({ headers: { authorization: 'Bearer one' } });
  });

  test('that is not mounted, empty, or outside a cluster says what to do', async () => {
    await expect(open().present()).rejects.toThrow(/does the pod mount the token of its service account\?/);
    await write(' ');
    await expect(open().present()).rejects.toThrow(/token: is empty/);
    expect(() => open({})).toThrow(/add --kubeconfig FILE/);
  });
});

describe('a kubeconfig', () => {
  const file = () => join(folder, 'config');
  const write = (cluster: object, user: object) =>
    writeFile(
      file(),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );

  test.each([
    ['a token', { token: 'abc' }, { Authorization: 'Bearer abc' }],
    ['a name and a password', { username: 'ann', password: 'p' }, { authorization: 'Basic YW5uOnA=' }],
    [
      'a program that knows',
      {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          interactiveMode: 'Never',
          command: 'echo',
          args: ['{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"made"}}'],
        },
      },
      { Authorization: 'Bearer made' },
    ],
  ])('with %s', async (_what, user, expected) => {
    await write({ server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'QQ==' }, user);
    const credentials = await readCredentials(file());
    const { headers, tls } = await credentials.present();
    expect(headers).toEqual(expected);
    expect({ ...tls, ca: String(tls.ca) }).toEqual({ ca: 'A', rejectUnauthorized: true });
  });

  test('leads to the API server it names', async () => {
    await using api = await startApi();
    const ca = Buffer.from(authority.cert).toString('base64');
    await write({ server: api.url, 'certificate-authority-data': ca }, { token: 'abc' });
    await using client = createClusterClient(await readCredentials(file()));
    expect(await client.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 404 });
    expect(api.asked[0]?.headers.authorization).toBe('Bearer abc');
  });

  test('that is no YAML is refused without a word of what it holds', async () => {
    const file = join(folder, 'broken');
    await writeFile(file, 'users:\n- name: a\n  user: {token: TOP-SECRET\n  client-key-data: KEY\nclusters: [\n');
    const thrown: unknown = await readCredentials(file).catch((error: unknown) => error);
    expect(String(thrown)).toMatch(/broken: cannot be read as a kubeconfig: .*\(\d+:\d+\)$/);
    expect(inspect(thrown)).not.toMatch(/SECRET|KEY/);
  });

  test('that is missing, names no cluster or speaks plain HTTP is refused by name', async () => {
    await expect(readCredentials(join(folder, 'no'))).rejects.toThrow(/no: cannot be read as a kubeconfig/);
    await writeFile(file(), '{}');
    await expect(readCredentials(file())).rejects.toThrow(
      /config: (its current-context names no cluster|cannot be read)/,
    );
    await write({ server: 'http://127.0.0.1:8001' }, {});
    await expect(readCredentials(file())).rejects.toThrow(/must be an https URL, not http:\/\/127.0.0.1:8001/);
  });
});
