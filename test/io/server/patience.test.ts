import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../../admission-requests.ts';
import { open, startWebhook } from './running-webhook.ts';

const good = JSON.stringify(reviewOf(minimalPod));
const request = `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${good.length}\r\n\r\n${good}`;
/** More than the server gives anybody for a head, its own clock included. */
const longMilliseconds = 7_500;

describe.concurrent('a connection', () => {
  test('that has been dialled and not used yet may wait: the API server dials ahead', async () => {
    await using webhook = await startWebhook();
    const dialled = await open(webhook.port);
    await sleep(longMilliseconds);
    dialled.write(request);
    expect(String(await once(dialled, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
    dialled.destroy();
  });

  test('has 5 s for a head from its first byte on, however long it was silent before', async () => {
    await using webhook = await startWebhook();
    const dripping = await open(webhook.port);
    await sleep(longMilliseconds);
    const [answer, milliseconds] = await dripUntilClosed(dripping, request);
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*connection: close/is);
    expect(milliseconds).toBeGreaterThan(4_500);
    expect(milliseconds).toBeLessThan(8_000);
  });

  test('has them again for each request', async () => {
    await using webhook = await startWebhook();
    const used = await open(webhook.port);
    used.write(request);
    await once(used, 'data');
    const [answer, milliseconds] = await dripUntilClosed(used, request);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(milliseconds).toBeLessThan(8_000);
  });

  test('is not kept by a first byte that is no part of a request', async () => {
    await using webhook = await startWebhook();
    const blank = await open(webhook.port);
    blank.write('\r\n');
    const started = performance.now();
    await once(blank.on('error', () => undefined).resume(), 'close');
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});

/** A byte of the text every 100 ms. */
async function dripUntilClosed(socket: TLSSocket, text: string): Promise<readonly [answer: string, number]> {
  const started = performance.now();
  let answer = '';
  socket
    .on('error', () => undefined)
    .on('data', (chunk) => {
      answer += chunk;
    });
  const bytes = Iterator.from(text);
  const timer = setInterval(() => socket.write(bytes.next().value ?? ''), 100);
  await once(socket, 'close');
  clearInterval(timer);
  return [answer, performance.now() - started];
}
