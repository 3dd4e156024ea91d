import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../../admission-requests.ts';
import { open, send, startWebhook, verdictOf } from './running-webhook.ts';

/* Many connections, many addresses: what one caller can take from another. Loopback has sixteen million addresses. */

const good = JSON.stringify(reviewOf(minimalPod));
const head = (length: number): string =>
  `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

interface Crowd extends Disposable {
  /** So many connections from an address, one after the other. */
  from(address: string, count: number): Promise<readonly TLSSocket[]>;
}

/** Gone at the end of a test, before the webhook waits for it. */
function crowdAt(port: number): Crowd {
  const all: TLSSocket[] = [];
  return {
    async from(address, count) {
      const opened: TLSSocket[] = [];
      for (let i = 0; i < count; i++) {
        const socket = await open(port, address);
        opened.push(socket.on('error', () => undefined).resume());
        all.push(socket);
      }
      return opened;
    },
    [Symbol.dispose]() {
      for (const socket of all) socket.destroy();
    },
  };
}

const closedOf = (opened: readonly TLSSocket[]): readonly number[] =>
  opened.flatMap((socket, index) => (socket.closed || socket.readableEnded ? [index] : []));

describe('when places are nearly all taken', () => {
  const limits = { connections: 20, connectionsUnpressed: 20, connectionsCrowded: 12 };

  test('by callers who have sent a review, whoever holds most makes place', async () => {
    await using webhook = await startWebhook({ limits });
    const { port } = webhook;
    using crowd = crowdAt(port);
    await send(port, { body: good, localAddress: '127.0.0.2' });
    await send(port, { body: good, localAddress: '127.0.0.3' });
    await send(port, { body: good });
    const few = await crowd.from('127.0.0.2', 4);
    const many = await crowd.from('127.0.0.3', 8);
    const newest = await crowd.from('127.0.0.1', 3);
    await expect.poll(() => closedOf(many)).toEqual([0, 1, 2]);
    expect([closedOf(few), closedOf(newest)]).toEqual([[], []]);
    expect(verdictOf(await send(port, { body: good })).allowed).toBe(true);
  });

  test('a connection with a request under way goes last', async () => {
    await using webhook = await startWebhook({ limits });
    const { port } = webhook;
    using crowd = crowdAt(port);
    const many = await crowd.from('127.0.0.2', 12);
    many[0]?.write(head(100));
    await expect.poll(() => webhook.inFlight.requests).toBe(1);
    await crowd.from('127.0.0.1', 1);
    await expect.poll(() => closedOf(many)).toEqual([1]);
  });

  test('who has sent a review may hold four times as many as who has not', async () => {
    await using webhook = await startWebhook({ limits });
    const { port } = webhook;
    using crowd = crowdAt(port);
    await send(port, { body: good, localAddress: '127.0.0.2' });
    const known = await crowd.from('127.0.0.2', 9);
    const strangers = await crowd.from('127.0.0.3', 3);
    await crowd.from('127.0.0.1', 1);
    await expect.poll(() => closedOf(strangers)).toEqual([0]);
    expect(closedOf(known)).toEqual([]);
  });

  test('the log names who paid, once a minute, and the metrics count', async () => {
    await using webhook = await startWebhook({ limits, host: '::' });
    using crowd = crowdAt(webhook.port);
    const many = await crowd.from('127.0.0.2', 12);
    await crowd.from('127.0.0.1', 3);
    await expect.poll(() => closedOf(many)).toEqual([0, 1, 2]);
    expect(webhook.lines, 'an IPv4 address is written as one, though the socket is of IPv6').toEqual([
      expect.objectContaining({ level: 'warn', msg: 'too many connections, ending some', address: '127.0.0.2' }),
    ]);
    const metrics = await webhook.metrics.registry.metrics();
    expect(metrics).toContain('\nsekisho_connections 12\n');
    expect(metrics).toContain('\nsekisho_connections_evicted_total 3\n');
  });
});

describe('one address alone', () => {
  test('that connects hundreds at once lets another shake hands before its own are done', async () => {
    await using webhook = await startWebhook();
    const order: (string | undefined)[] = [];
    webhook.app.server.on('secureConnection', ({ remoteAddress }) => order.push(remoteAddress));
    const opening = Array.from({ length: 300 }, () => open(webhook.port, '127.0.0.2'));
    opening.push(open(webhook.port));
    for (const socket of await Promise.all(opening)) socket.destroy();
    expect(order.slice(0, 100)).toContain('127.0.0.1');
  });

  test('does not get all requests that may be in flight', async () => {
    await using webhook = await startWebhook({ limits: { inflightRequests: 10 } });
    const { port } = webhook;
    using crowd = crowdAt(port);
    const slow = await crowd.from('127.0.0.2', 9);
    for (const socket of slow.slice(0, 8)) socket.write(head(100));
    await expect.poll(() => webhook.inFlight.requests).toBe(8);
    slow[8]?.write(head(100));
    expect(String(await once(slow[8] as TLSSocket, 'data'))).toMatch(/^HTTP\/1\.1 503/);
    expect(verdictOf(await send(port, { body: good })).allowed).toBe(true);
  });

  test('does not get all bytes that may be in flight, and gives them back', async () => {
    await using webhook = await startWebhook({ limits: { inflightBytes: 500_000 } });
    const { port } = webhook;
    using crowd = crowdAt(port);
    const slow = await crowd.from('127.0.0.2', 5);
    for (const socket of slow) socket.write(head(100_000));
    await expect.poll(() => webhook.inFlight.requests).toBe(4);
    const large = await crowd.from('127.0.0.1', 1);
    large[0]?.write(`${head(90_000)}{`);
    await expect.poll(() => webhook.inFlight.requests).toBe(5);
    crowd[Symbol.dispose]();
    await expect.poll(() => webhook.inFlight.requests).toBe(0);
    expect(verdictOf(await send(port, { body: good.padEnd(120_000) })).allowed).toBe(true);
  });
});
