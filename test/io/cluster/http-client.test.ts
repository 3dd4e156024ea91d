import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rememberPresented } from '../../../src/io/cluster/credentials.ts';
import { createClusterClient } from '../../../src/io/cluster/http-client.ts';
import { issueAuthority } from '../../../src/io/tls/issue.ts';
import { daysFrom } from '../../lifetimes.ts';
import { credentialsFor, type Interception, type LoopbackApi, startApi, statusOf } from './loopback-api.ts';

let api: LoopbackApi;
let instead: (path: string, count: number) => Interception | undefined;
beforeEach(async () => {
  instead = () => undefined;
  api = await startApi({ intercept: ({ path }) => instead(path, api.asked.length) });
});
afterEach(() => api[Symbol.asyncDispose]());

const secret = { metadata: { name: 'ca' }, data: { 'tls.crt': 'AA==' } };

describe('a request', () => {
  test('brings the token, and an answer is its status, its object and its warnings', async () => {
    const warning = ['299 - "first \\"quoted\\" \\\\"', '299 - "zweite Ünïcode", 299 - "third"'];
    const bytes = warning.map((line) => Buffer.from(line).toString('latin1'));
    instead = () => ({ status: 200, body: secret, headers: { warning: bytes } });
    await using client = api.connect();
    expect(await client.request({ method: 'GET', path: '/api/v1/namespaces/a/secrets/ca' })).toEqual({
      status: 200,
      body: secret,
      warnings: ['first "quoted" \\', 'zweite Ünïcode', 'third'],
    });
    expect(api.asked[0]?.headers).toMatchObject({ authorization: 'Bearer good', accept: 'application/json' });
  });

  test('carries a body of the type it says', async () => {
    instead = () => ({ status: 200, body: {} });
    await using client = api.connect();
    const body = [{ op: 'test', path: '/a', value: 'ü' }];
    await client.request({ method: 'PATCH', path: '/x', body, contentType: 'application/json-patch+json' });
    await client.request({ method: 'PUT', path: '/x', body });
    expect(api.asked.map((call) => call.headers['content-type'])).toEqual([
      'application/json-patch+json',
      'application/json',
    ]);
    expect(api.asked.map((call) => call.body)).toEqual([body, body]);
  });

  test('that is refused is an answer; one that is no JSON has no body', async () => {
    await using client = api.connect();
    expect(await client.request({ method: 'GET', path: '/missing' })).toMatchObject({
      status: 404,
      body: statusOf(404, 'refused with 404'),
    });
    instead = () => ({ status: 503, body: 'upstream connect error' });
    expect(await client.request({ method: 'GET', path: '/x' })).toEqual({ status: 503, body: undefined, warnings: [] });
  });

  test('keeps the prefix of the server address', async () => {
    instead = () => ({ status: 200, body: {} });
    await using client = createClusterClient(credentialsFor(`${api.url}/k8s/clusters/c-1/`, async () => 'good'));
    await client.request({ method: 'GET', path: '/api?x=1' });
    expect(api.asked[0]).toMatchObject({ path: '/k8s/clusters/c-1/api' });
  });

  test('uses its connection again', async () => {
    let connections = 0;
    api.server.on('secureConnection', () => connections++);
    await using client = api.connect();
    for (let i = 0; i < 5; i++) await client.request({ method: 'GET', path: '/x' });
    expect({ connections, asked: api.asked.length }).toEqual({ connections: 1, asked: 5 });
  });

  test('that only reads is sent again where the kept connection has just been closed; one that writes is not', async () => {
    await using client = api.connect();
    await client.request({ method: 'GET', path: '/x' });
    // The second request on that connection meets its end.
    instead = (_path, count) => (count === 2 || count === 4 ? 'reset' : undefined);
    expect(await client.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 404 });
    await expect(client.request({ method: 'DELETE', path: '/x' })).rejects.toMatchObject({
      code: 'ClusterUnreachable',
    });
    expect(api.asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'DELETE']);
  });
});

describe('no complete answer', () => {
  test('in time: says so without the query, and leaves nothing open', async () => {
    instead = () => 'hang';
    await using client = api.connect();
    const call = client.request({ method: 'GET', path: '/slow?token=x', timeout: 100 });
    await expect(call).rejects.toMatchObject({
      code: 'ClusterUnreachable',
      message: `GET ${api.url}/slow: no complete answer within 100 ms`,
    });
  });

  test('because nobody listens, or the certificate is of another CA', async () => {
    await using client = createClusterClient(credentialsFor('https://127.0.0.1:1', async () => 'good'));
    const call = client.request({ method: 'GET', path: '/x' });
    await expect(call).rejects.toMatchObject({
      code: 'ClusterUnreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const other = await issueAuthority(daysFrom(new Date()));
    const presented = {
      headers: { authorization: 'Bearer secret' },
      tls: { ca: other.cert, rejectUnauthorized: true },
    };
    const server = new URL(api.url);
    await using mistaken = createClusterClient({ server, ...rememberPresented(async () => presented) });
    const thrown = await mistaken.request({ method: 'GET', path: '/x' }).catch((error: Error) => error);
    expect(thrown).toMatchObject({ code: 'ClusterUnreachable' });
    expect((thrown as Error).message).not.toContain('secret');
    expect(api.asked, 'the token is sent to nobody who is not the API server').toEqual([]);
  });

  test('because it does not end', async () => {
    instead = () => ({ status: 200, body: `"${'x'.repeat(17 * 1024 * 1024)}"` });
    await using client = api.connect();
    const call = client.request({ method: 'GET', path: '/x' });
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining('longer than 16777216 bytes') });
  });

  test('after the client was closed', async () => {
    const client = api.connect();
    instead = () => 'hang';
    const waiting = client.request({ method: 'GET', path: '/x' }).catch((error: Error) => error);
    while (api.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await client[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ code: 'ClusterUnreachable' });
    await expect(client.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  });
});

describe('a 401', () => {
  test('leads to one more attempt with credentials read anew, and to none if they are the same', async () => {
    let token = 'old';
    const strict = await startApi({
      intercept: ({ headers }) => (headers.authorization === 'Bearer new' ? undefined : { status: 401 }),
    });
    await using _ = strict;
    await using client = createClusterClient(credentialsFor(strict.url, async () => token));
    expect(await client.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 401 });
    expect(strict.asked).toHaveLength(1);
    token = 'new';
    expect(await client.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 404 });
    expect(strict.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
  });
});

describe('a watch', () => {
  const collection = '/api/v1/namespaces/a/secrets';
  const read = async (path: string, signal = new AbortController().signal) => {
    const client = api.connect();
    const events: unknown[] = [];
    try {
      for await (const event of client.watch(path, signal)) events.push(event);
      return { events };
    } catch (error) {
      return { events, error: error as Error };
    } finally {
      await client[Symbol.asyncDispose]();
    }
  };

  test('is its lines until the server ends it, also where they are cut anywhere', async () => {
    const lines = [
      { type: 'ADDED', object: { name: 'ümlaut' } },
      { type: 'BOOKMARK', object: {} },
    ];
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    api.server.removeAllListeners('request');
    api.server.on('request', async (_request, response) => {
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    expect(await read(`${collection}?watch=1`)).toEqual({ events: lines });
  });

  test.each([
    ['a line that is no JSON', 'null\n{"type":\n'],
    ['a line that is no event', '{"type":"OTHER"}\n'],
    ['an end within a line', '{"type":"ADDED"'],
  ])('with %s breaks', async (_what, body) => {
    instead = () => ({ status: 200, body });
    expect(await read(`${collection}?watch=1`)).toMatchObject({ events: [], error: { code: 'ClusterUnreachable' } });
  });

  test('refused at the start throws the reason', async () => {
    instead = () => ({ status: 403, body: statusOf(403, 'secrets "ca" is forbidden') });
    expect((await read(`${collection}?watch=1`)).error).toMatchObject({
      code: 'ClusterRefused',
      message: `watch ${collection}?watch=1: 403: secrets "ca" is forbidden`,
    });
  });

  test('that is silent longer than it was to last is broken', async () => {
    const silent = await startApi();
    await using _ = silent;
    await using client = silent.connect();
    // The server ends a watch after its seconds; here it is deaf to them, as behind a cut cable.
    silent.server.removeAllListeners('request');
    silent.server.on('request', (_request, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    const started = performance.now();
    const reading = (async () => {
      for await (const _event of client.watch('/x?watch=1&timeoutSeconds=-9', new AbortController().signal));
    })();
    await expect(reading).rejects.toMatchObject({ message: expect.stringContaining('fell silent') });
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  test('ends quietly when it is aborted, and says when it was opened', async () => {
    api.put(`${collection}/ca`, secret);
    await using client = api.connect();
    const stop = new AbortController();
    const events: unknown[] = [];
    let opened = 0;
    for await (const event of client.watch(`${collection}?watch=1`, stop.signal, { opened: () => opened++ })) {
      events.push(event);
      stop.abort();
    }
    expect({ events: events.length, opened }).toEqual({ events: 1, opened: 1 });
    while (api.watchers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

test('over IPv6, as a cluster of that kind gives its address', async () => {
  await using six = await startApi({ host: '::1' });
  await using client = six.connect();
  expect(await client.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 404 });
});

test('a server that takes the connection and says nothing is given up in time', async () => {
  const mute = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { port: number };
  await using client = createClusterClient(credentialsFor(`https://127.0.0.1:${port}`, async () => 'good'));
  const call = client.request({ method: 'GET', path: '/x', timeout: 200 });
  await expect(call).rejects.toMatchObject({ code: 'ClusterUnreachable' });
  mute.close();
});
