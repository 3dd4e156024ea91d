import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { failuresOf, startCallers } from '../harness/callers.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

const delayMilliseconds = 10_000;
/** The API server's own transport closes a connection after 90 s without a request. */
const idleMilliseconds = 89_000;

const reviewFile = join(import.meta.dirname, '..', '..', 'test', 'data', 'reviews', 'pod-fixed.json');
const review = async (): Promise<string> => JSON.stringify(JSON.parse(await readFile(reviewFile, 'utf8')));
const authorityOf = ({ dir }: Sekisho): Promise<string> => readFile(join(dir, 'ca.crt'), 'utf8');

describeCase('the life of a webhook', [], () => {
  test.concurrent('ends without a failed call by callers who learn of it 10 s late', { timeout: 90_000 }, async () => {
    const settings = join(sharedCluster().folder, 'life.yaml');
    await writeFile(settings, `shutdownDelay: ${delayMilliseconds}ms\n`);
    await using leaving = await startSekisho({ register: false, args: ['--config', settings] });
    await using staying = await startSekisho({ register: false });
    const ca = `${await authorityOf(leaving)}${await authorityOf(staying)}`;
    let url = leaving.url;
    const load = { kept: 20, fresh: 5, pauseMilliseconds: 20 };
    const callers = startCallers({ url: () => url, ca, review: await review(), ...load });
    await sleep(2_000);
    leaving.signal('SIGTERM');
    const told = performance.now();
    await expect.poll(() => leaving.log().some(({ msg }) => msg === 'stopping'), { timeout: 2_000 }).toBe(true);
    const said = performance.now();
    expect((await fetch(new URL('/readyz', leaving.probeUrl))).status).toBe(503);
    await sleep(told + delayMilliseconds - performance.now());
    url = staying.url;
    await expect.poll(() => leaving.log().some(({ msg }) => msg === 'stopped'), { timeout: 5_000 }).toBe(true);
    await callers.stop();
    const failed = callers.calls.filter((call) => failuresOf([call]).length > 0);
    const failures = failed.map(({ started, answer }) => `after ${Math.round(started - told)} ms: ${answer}`);
    const window = callers.calls.filter(({ started }) => started > said && started < told + delayMilliseconds);
    process.stdout.write(
      `SIGTERM under load: ${callers.calls.length} calls, ${window.length} of them in the 10 s after it, ` +
        `${failed.length} failed\n`,
    );
    expect(failures).toEqual([]);
    expect(window.length).toBeGreaterThan(500);
    expect(window.filter(({ connection }) => connection !== 'close')).toEqual([]);
  });

  test.concurrent('keeps a connection idle for 89 s, used before or not', { timeout: 150_000 }, async () => {
    await using sekisho = await startSekisho({ register: false });
    const port = Number(new URL(sekisho.url).port);
    const ca = await authorityOf(sekisho);
    const body = await review();
    const [used, dialled] = [await open(port, ca), await open(port, ca)];
    expect(await ask(used, body)).toMatch(/^HTTP\/1\.1 200 /);
    await sleep(idleMilliseconds);
    expect(await ask(used, body)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(dialled, body)).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of [used, dialled]) socket.destroy();
  });
});

async function open(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

async function ask(socket: TLSSocket, body: string): Promise<string> {
  const head = `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.write(`${head}\r\n\r\n${body}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}
