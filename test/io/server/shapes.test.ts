import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../../admission-requests.ts';
import { open, send, startWebhook, verdictOf } from './running-webhook.ts';

/* Requests as no API server writes them, byte by byte. */

const good = JSON.stringify(reviewOf(minimalPod));
const { length } = good;

let webhook: Awaited<ReturnType<typeof startWebhook>>;
beforeAll(async () => {
  webhook = await startWebhook();
});
afterAll(() => webhook.close());

const request = (headers: string, body = good, line = 'POST /validate HTTP/1.1'): string =>
  `${line}\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\n${body}`;
const sized = `content-length: ${length}\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunks = `${chunk(good.slice(0, 99))}${chunk(good.slice(99))}0\r\n\r\n`;
const chunked = 'transfer-encoding: chunked\r\n';

/** Sends the bytes and reads until so many answers have come, or the connection is closed. */
async function exchange(bytes: string, answers: number): Promise<{ text: string; statuses: readonly number[] }> {
  const socket = await open(webhook.port);
  let text = '';
  const statuses = (): readonly number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
  const closed = once(
    socket.on('error', () => undefined),
    'close',
  );
  const complete = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data;
      if (statuses().length >= answers && /\}$|\r\n\r\n$/.test(text)) resolve();
    });
  });
  socket.write(bytes, 'latin1');
  await Promise.race([complete, closed]);
  socket.destroy();
  return { text, statuses: statuses() };
}

async function expectOthersServed(): Promise<void> {
  expect(verdictOf(await send(webhook.port, { body: good })).allowed).toBe(true);
  await expect.poll(() => webhook.inFlight.requests).toBe(0);
}

describe('a review is judged', () => {
  test.each([
    ['in chunks', request(chunked, chunks), [200]],
    ['in chunks with a trailer', request(chunked, `${chunks.slice(0, -2)}x-trailer: 1\r\n\r\n`), [200]],
    ['once the sender may continue', request(`expect: 100-continue\r\n${sized}`), [100, 200]],
    ['each of several at one go', request(sized).repeat(3), [200, 200, 200]],
    ['after blank lines', `\r\n\r\n${request(sized)}`, [200]],
    ['by HTTP/1.0', request(sized, good, 'POST /validate HTTP/1.0'), [200]],
    [
      'by HTTP/1.0 that would stay',
      request(`connection: keep-alive\r\n${sized}`, good, 'POST /validate HTTP/1.0'),
      [200],
    ],
    ['at an absolute address', request(sized, good, 'POST https://x/validate?timeout=10s HTTP/1.1'), [200]],
    ['at the address of another', request(sized, good, 'POST http://169.254.169.254/validate HTTP/1.1'), [200]],
    ['without the protocol it would upgrade to', request(`connection: upgrade\r\nupgrade: h2c\r\n${sized}`), [200]],
  ] as const)('%s', async (_how, bytes, statuses) => {
    const answer = await exchange(bytes, statuses.length);
    expect(answer.statuses).toEqual(statuses);
    const judged = statuses.filter((status) => status === 200);
    expect(answer.text.match(/"allowed":true/g)).toHaveLength(judged.length);
    await expectOthersServed();
  });
});

describe('a request is refused, and its connection ended,', () => {
  test.each([
    ['with two lengths', request(`${sized}content-length: 5\r\n`)],
    ['with the same length twice', request(sized + sized)],
    ['with a list of lengths', request(`content-length: ${length}, ${length}\r\n`)],
    ['with a length and in chunks', request(`content-length: 5\r\n${chunked}`, chunks)],
    ['in chunks and with a length', request(`${chunked}content-length: 5\r\n`, chunks)],
    [
      'with two encodings of which the last is not chunked',
      request(`${chunked}transfer-encoding: identity\r\n`, chunks),
    ],
    ['with an encoding that looks like chunked', request('transfer-encoding: xchunked\r\n', chunks)],
    ['with a blank before the colon', request('transfer-encoding : chunked\r\n', chunks)],
    ['with a length below zero', request('content-length: -1\r\n')],
    ['with a length in hexadecimal', request('content-length: 0x10\r\n')],
    ['with a length beyond all numbers', request(`content-length: ${'9'.repeat(40)}\r\n`)],
    ['with a chunk beyond all numbers', request(chunked, `${'f'.repeat(20)}\r\nhello\r\n0\r\n\r\n`)],
    ['with a chunk below zero', request(chunked, '-5\r\nhello\r\n0\r\n\r\n')],
    ['with endless extensions of a chunk', request(chunked, `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`)],
    ['with bare line feeds', request(sized).replaceAll('\r', '')],
    ['with a folded header', request(`x: a\r\n b\r\n${sized}`)],
    ['with a NUL in a header', request(`x: a\0b\r\n${sized}`)],
    ['without a host', request(sized).replace('host: x\r\n', '')],
    ['in a version that is none', request(sized, good, 'POST /validate HTTP/3.0')],
    ['as HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['as TLS inside TLS', '\x16\x03\x01\x00\xff\x00\r\n\r\n'],
  ])('%s', async (_how, bytes) => {
    const answer = await exchange(bytes, 1);
    expect(answer.statuses).toEqual([400]);
    expect(answer.text).toMatch(/connection: close/i);
    expect(answer.text).not.toContain('allowed');
    await expectOthersServed();
  });

  test.each([
    ['a head of 20 kB', request(`x: ${'a'.repeat(20_000)}\r\n${sized}`), 431],
    ['a path of 20 kB', request(sized, good, `POST /${'a'.repeat(20_000)} HTTP/1.1`), 431],
    [
      'an upgrade to a web socket',
      'GET /validate HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      405,
    ],
    ['the server itself as path', 'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n', 404],
    ['an expectation nobody knows', request(`expect: 200-maybe\r\n${sized}`), 417],
  ])('for %s', async (_what, bytes, status) => {
    const answer = await exchange(bytes, 1);
    expect(answer.statuses).toEqual([status]);
    await expectOthersServed();
  });

  test('without an answer when it asks for a tunnel', async () => {
    expect((await exchange('CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n', 1)).statuses).toEqual([]);
    await expectOthersServed();
  });

  test('behind a review, and the review is judged', async () => {
    const { statuses } = await exchange(`${request(sized)}GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n`, 2);
    expect(statuses).toEqual([200, 404]);
    await expectOthersServed();
  });
});
