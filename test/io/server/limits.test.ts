import { once } from 'node:events';
import type { Server } from 'node:https';
import { connect as connectPlain } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../../admission-requests.ts';
import { authority, open, send, startWebhook, verdictOf } from './running-webhook.ts';

const good = JSON.stringify(reviewOf(minimalPod));
const mebibyte = 1024 * 1024;

/** `POST /validate` up to the end of its headers. */
const headOf = (length: number): string =>
  `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

describe('the server', () => {
  test('has the limits of the design', async () => {
    await using webhook = await startWebhook();
    const server = webhook.app.server as unknown as Server & { ALPNProtocols: Buffer; minVersion: string };
    expect(server).toMatchObject({
      keepAliveTimeout: 125_000,
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      maxConnections: 2_500,
      timeout: 0,
      minVersion: 'TLSv1.3',
    });
    expect(server.ALPNProtocols.toString('latin1')).toBe('\x08http/1.1');
    expect(server).toMatchObject({ connectionsCheckingInterval: 1_000 });
    const symbols = Object.getOwnPropertySymbols(server);
    const handshakeTimeout = symbols.find(({ description }) => description === 'handshake-timeout');
    expect(Reflect.get(server, handshakeTimeout ?? '')).toBe(5_000);
    expect(webhook.app.initialConfig).toMatchObject({
      bodyLimit: 32 * mebibyte,
      requestTimeout: 10_000,
      keepAliveTimeout: 125_000,
    });
  });

  test('speaks TLS 1.3 and HTTP/1.1, and nothing older or newer', async () => {
    await using webhook = await startWebhook();
    const { port } = webhook;
    const both = connect({ port, host: '127.0.0.1', ca: authority.cert, ALPNProtocols: ['h2', 'http/1.1'] });
    await once(both, 'secureConnect');
    expect([both.getProtocol(), both.alpnProtocol]).toEqual(['TLSv1.3', 'http/1.1']);
    both.destroy();
    const old = connect({ port, host: '127.0.0.1', ca: authority.cert, maxVersion: 'TLSv1.2' });
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol version|alert/i);
  });

  test('gives a half-open handshake and half a header 5 s, half a body 10 s, and serves others meanwhile', async () => {
    await using webhook = await startWebhook();
    const started = performance.now();
    const silent = connectPlain(webhook.port, '127.0.0.1');
    const header = await open(webhook.port);
    header.write('POST /validate HTTP/1.1\r\nhost: x\r\nx-slow: ');
    const body = await open(webhook.port);
    body.write(`${headOf(500)}{`);
    const closed = [silent, header, body].map(async (socket) => {
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
      return (performance.now() - started) / 1_000;
    });
    expect(verdictOf(await send(webhook.port, { body: good })).allowed).toBe(true);
    const [handshake = 0, headers = 0, bodies = 0] = await Promise.all(closed);
    expect(handshake).toBeGreaterThan(4.5);
    expect(Math.max(handshake, headers)).toBeLessThan(8);
    expect(bodies).toBeGreaterThan(9);
    expect(bodies).toBeLessThan(13);
    expect(webhook.inFlight.requests).toBe(0);
  });
});

describe('a body', () => {
  test.each(['announced', 'chunked'])('%s larger than 32 MiB is refused within a second', async (how) => {
    await using webhook = await startWebhook();
    const started = performance.now();
    const socket = await open(webhook.port);
    const head = headOf(33 * mebibyte);
    socket.write(how === 'announced' ? head : head.replace(/content-length: \d+/, 'transfer-encoding: chunked'));
    const block = Buffer.alloc(mebibyte, ' ');
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.includes('}')) resolve(text);
      });
    });
    for (let sent = 0; sent < 33; sent++) {
      if (how === 'chunked') socket.write(`${block.length.toString(16)}\r\n`);
      socket.write(block);
      if (how === 'chunked') socket.write('\r\n');
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
    expect(performance.now() - started).toBeLessThan(1_000);
    socket.destroy();
    expect(verdictOf(await send(webhook.port, { body: good })).allowed).toBe(true);
  });

  test('of 8.4 MiB, a pod full of `<` as the API server writes it, is judged', async () => {
    await using webhook = await startWebhook();
    const object = { ...minimalPod, metadata: { name: 'web', annotations: { text: '<'.repeat(1.4 * mebibyte) } } };
    const body = JSON.stringify(reviewOf(object)).replaceAll('<', '\\u003c');
    expect(body.length).toBeGreaterThan(8.3 * mebibyte);
    expect(verdictOf(await send(webhook.port, { body }))).toMatchObject({ allowed: true });
    const update = JSON.stringify(reviewOf(object, { oldObject: object })).replaceAll('<', '\\u003c');
    expect(verdictOf(await send(webhook.port, { body: update })).allowed).toBe(true);
    const hostile = body.replace('"spec":{', '"spec":{"hostPID":true,');
    expect(verdictOf(await send(webhook.port, { body: hostile })).allowed).toBe(false);
  });

  test('that ends early, or is reset, leaves nothing behind', async () => {
    await using webhook = await startWebhook();
    for (let i = 0; i < 20; i++) {
      const socket = await open(webhook.port);
      socket.write(`${headOf(10_000)}{"kind":`);
      if (i % 2 === 0) socket.end();
      else socket.destroy();
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
    }
    expect(verdictOf(await send(webhook.port, { body: good })).allowed).toBe(true);
    await settled(() => webhook.inFlight.requests === 0);
  });
});

describe('overload', () => {
  test('beyond so many requests in flight is shed with 503 before the body is read, and counted', async () => {
    await using webhook = await startWebhook({ limits: { inflightRequests: 2 } });
    const waiting = [await open(webhook.port), await open(webhook.port)];
    for (const socket of waiting) socket.write(headOf(good.length));
    await settled(() => webhook.inFlight.requests === 2);
    const shed = await send(webhook.port, { body: good });
    expect([shed.status, shed.headers.connection]).toEqual([503, 'close']);
    expect(await webhook.metrics.registry.metrics()).toContain('sekisho_admission_shed_total 1');
    expect(await webhook.metrics.registry.metrics()).toContain('sekisho_admission_inflight 2');
    for (const socket of waiting) {
      socket.write(good);
      expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200/);
    }
    await settled(() => webhook.inFlight.requests === 0);
    expect((await send(webhook.port, { body: good })).status).toBe(200);
    for (const socket of waiting) socket.destroy();
  });

  test('by announced giants, also of unknown length, leaves room for ordinary reviews', async () => {
    await using webhook = await startWebhook();
    const [first, second, third] = [await open(webhook.port), await open(webhook.port), await open(webhook.port)];
    first.write(headOf(32 * mebibyte));
    await settled(() => webhook.inFlight.requests === 1);
    second.write(headOf(0).replace(/content-length: 0/, 'transfer-encoding: chunked'));
    expect(String(await once(second, 'data'))).toMatch(/^HTTP\/1\.1 503/);
    third.write(headOf(16 * mebibyte));
    await settled(() => webhook.inFlight.requests === 2);
    expect(verdictOf(await send(webhook.port, { body: good })).allowed).toBe(true);
    for (const socket of [first, second, third]) socket.destroy();
    await settled(() => webhook.inFlight.requests === 0);
  });

  test('of 1,000 requests at once answers every one', async () => {
    await using webhook = await startWebhook();
    await send(webhook.port, { body: good });
    const sockets = await Promise.all(Array.from({ length: 250 }, () => open(webhook.port)));
    const answers = sockets.map(async (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.write(`${headOf(good.length)}${good}`.repeat(4));
      await settled(() => (text.match(/"allowed":true/g)?.length ?? 0) === 4);
      socket.destroy();
      return text.match(/HTTP\/1\.1 200/g)?.length;
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 250 }, () => 4));
    await settled(() => webhook.inFlight.requests === 0);
  });

  test('by pipelined requests on a connection that breaks gives everything back', async () => {
    await using webhook = await startWebhook();
    for (let i = 0; i < 10; i++) {
      const socket = await open(webhook.port);
      socket.on('error', () => undefined);
      socket.write(`${headOf(good.length)}${good}`.repeat(50) + headOf(good.length));
      await new Promise((resolve) => setTimeout(resolve, i));
      socket.destroy();
    }
    await settled(() => webhook.inFlight.requests === 0);
    expect((await send(webhook.port, { body: good })).status).toBe(200);
  });
});

describe('connections of one address', () => {
  const limits = { connectionsPerAddress: 3, connectionsUnpressed: 5 };

  test('are as many as there are places, so that the first burst of an API server is served', async () => {
    await using webhook = await startWebhook();
    const burst = Array.from({ length: 600 }, () => send(webhook.port, { body: good }));
    expect(new Set((await Promise.all(burst)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('replace each other when places run short, until it has sent a complete review', async () => {
    await using webhook = await startWebhook({ limits });
    const { port } = webhook;
    const sockets: TLSSocket[] = [];
    const closed: number[] = [];
    const openMore = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const socket = await open(port);
        const index = sockets.push(socket) - 1;
        socket.on('error', () => {}).on('close', () => closed.push(index));
      }
    };
    await openMore(5);
    await openMore(2);
    await settled(() => closed.length === 2);
    expect(closed).toEqual([0, 1]);
    const last = sockets[6] as TLSSocket;
    last.write(`${headOf(2)}{}`);
    expect(String(await once(last, 'data'))).toMatch(/^HTTP\/1\.1 400/);
    await openMore(1);
    await settled(() => closed.length === 3);
    expect(closed, 'no review, no trust').toEqual([0, 1, 2]);
    last.write(`${headOf(good.length)}${good}`);
    expect(String(await once(last, 'data'))).toMatch(/^HTTP\/1\.1 200/);
    await openMore(4);
    expect(closed).toEqual([0, 1, 2]);
    for (const socket of sockets) socket.destroy();
  });

  test('are counted down when they close', async () => {
    await using webhook = await startWebhook({ limits: { connectionsPerAddress: 2, connectionsUnpressed: 2 } });
    for (let i = 0; i < 10; i++) {
      const socket = await open(webhook.port);
      socket.destroy();
      await once(socket, 'close');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await send(webhook.port, { body: good })).status).toBe(200);
  });
});

test('an error while a request is logged costs that request at the most', async () => {
  let broken = true;
  const onLine = (): void => {
    if (broken) {
      broken = false;
      throw new Error('no space left');
    }
  };
  await using webhook = await startWebhook({ onLine });
  const denied = JSON.stringify(reviewOf({ ...minimalPod, spec: { ...minimalPod.spec, hostPID: true } }));
  await send(webhook.port, { body: denied }).catch(() => undefined);
  expect(broken).toBe(false);
  expect(webhook.lines.map(({ msg }) => msg)).toEqual(['request failed']);
  expect(verdictOf(await send(webhook.port, { body: denied })).allowed).toBe(false);
  await settled(() => webhook.inFlight.requests === 0);
});

async function settled(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 5_000) throw new Error('did not settle');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
