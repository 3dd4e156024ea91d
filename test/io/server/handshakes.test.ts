import { createServer, Socket } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createCallers } from '../../../src/io/server/callers.ts';
import { queueHandshakes } from '../../../src/io/server/handshakes.ts';
import { open, startWebhook } from './running-webhook.ts';

/** A queue in front of a listener that notes who got its turn, and one caller. */
function startQueue() {
  const turns: Socket[] = [];
  const handshakes = queueHandshakes(createServer((socket) => void turns.push(socket)));
  const caller = createCallers().of(new Socket());
  return { turns, add: (socket = new Socket()) => handshakes.add(caller, socket) };
}

test('who waits for a handshake gets it though others come in every round', async () => {
  const { turns, add } = startQueue();
  for (let rounds = 0; turns.length < 3 && rounds < 100_000; rounds++) {
    add();
    await nextRound();
  }
  expect(turns).toHaveLength(3);
});

test('who has gone before its turn gets none, and keeps nobody from theirs', async () => {
  const { turns, add } = startQueue();
  const [first, gone, last] = [new Socket(), new Socket(), new Socket()];
  for (const socket of [first, gone, last]) add(socket);
  gone.destroy();
  await expect.poll(() => turns).toEqual([first, last]);
});

test('a connection is not read before its turn, and is from then on', async () => {
  await using webhook = await startWebhook();
  const { server } = webhook.app;
  const paused: boolean[] = [];
  server.on('connection', (socket: Socket) => paused.push(socket.isPaused()));
  server.on('secureConnection', (socket) => paused.push(socket.isPaused()));
  const socket = await open(webhook.port);
  await expect.poll(() => paused).toEqual([true, false]);
  socket.destroy();
});
