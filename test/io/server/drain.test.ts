import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../../admission-requests.ts';
import { open, send, startWebhook, verdictOf } from './running-webhook.ts';

const good = JSON.stringify(reviewOf(minimalPod));
const head = (length: number): string =>
  `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

/** All that arrives until the other side closes. */
async function toEnd(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

describe('a webhook that is going', () => {
  // By hand, because a client that sends one request says itself that the connection is to be closed.
  const asked = (line: string, body = good, type = 'application/json'): string =>
    `${line} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

  test.each([
    ['a verdict', asked('POST /validate'), 200],
    ['an answer to nonsense', asked('POST /validate', 'nonsense'), 400],
    ['an answer to the wrong type', asked('POST /validate', good, 'text/plain'), 415],
    ['an answer to the wrong method', asked('GET /validate', ''), 405],
    ['an answer at the wrong path', asked('POST /elsewhere'), 404],
    ['an answer to a path that is none', asked('POST /%zz'), 400],
  ])('still gives %s, and ends the connection with it', async (_what, text, status) => {
    await using webhook = await startWebhook();
    webhook.sendAway();
    const socket = await open(webhook.port);
    socket.write(text);
    expect(await toEnd(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*connection: close`, 'is'));
  });

  test('ends connections with the answer to what began before', async () => {
    await using webhook = await startWebhook();
    const socket = await open(webhook.port);
    socket.write(head(good.length) + good);
    expect(String(await once(socket, 'data'))).not.toMatch(/connection: close/i);
    socket.write(head(good.length) + good.slice(0, 50));
    await expect.poll(() => webhook.inFlight.requests).toBe(1);
    webhook.sendAway();
    socket.write(good.slice(50));
    expect(await toEnd(socket)).toMatch(/^HTTP\/1\.1 200 .*connection: close.*"allowed":true/is);
  });

  test('keeps idle connections until it closes', async () => {
    await using webhook = await startWebhook();
    const idle = await open(webhook.port);
    idle.write(head(good.length) + good);
    await once(idle, 'data');
    webhook.sendAway();
    await send(webhook.port, { body: good });
    expect(idle.readyState).toBe('open');
    void webhook.close();
    expect(await toEnd(idle)).toBe('');
  });
});

describe('a webhook that closes', () => {
  test('answers who had connected already, and nobody after', async () => {
    const webhook = await startWebhook();
    const dialled = await open(webhook.port);
    const closed = webhook.close();
    await expect.poll(() => send(webhook.port, { body: good }).then(verdictOf, String)).toMatch(/ECONNREFUSED/);
    dialled.write(head(good.length) + good);
    expect(await toEnd(dialled)).toMatch(/^HTTP\/1\.1 200 .*connection: close.*"allowed":true/is);
    await closed;
  });

  test('answers what has arrived on an idle connection and was not read yet', async () => {
    const webhook = await startWebhook();
    const kept = await open(webhook.port);
    kept.write(head(good.length) + good);
    await once(kept, 'data');
    webhook.sendAway();
    kept.write(head(good.length) + good);
    const closed = webhook.close();
    expect(await toEnd(kept)).toMatch(/^HTTP\/1\.1 200 .*connection: close.*"allowed":true/is);
    await closed;
  });

  test('does not wait for who connects and says nothing', async () => {
    const webhook = await startWebhook();
    const silent = await open(webhook.port);
    const started = performance.now();
    await webhook.close();
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await toEnd(silent).catch(() => '')).toBe('');
  });
});
