import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { createAnswerReader, type Expectation } from './answer-reader.ts';
import { busySeconds, cores, cpuSeconds } from './machine.ts';
import type { Review } from './reviews.ts';

/** One thing that is measured: a server, what it is asked, and what it must answer. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly reviews: readonly Review[];
  readonly expectation: Expectation;
}

export interface LoadOptions {
  readonly certificate: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What one measurement gave. Shares are of one core. */
export interface Load {
  readonly perSecond: number;
  /** For each second of CPU time that the server took: what it does with a core of its own. */
  readonly perCore: number;
  readonly serverShare: number;
  readonly generatorShare: number;
  /** Of the server's core, used by nobody of ours. */
  readonly strangerShare: number;
}

/** Asks as fast as answers come, on each connection one request at a time, for some seconds. */
export async function load(target: Target, options: LoadOptions): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: options.connections }, () => open(target.port, options)));
  try {
    const usage = startUsage(target.pid);
    const state: Progress = { answers: 0, running: true };
    const requests = target.reviews.map(({ uid, body }) => ({ uid, bytes: requestOf(body) }));
    const apart = Math.max(1, Math.floor(requests.length / sockets.length));
    const done = Promise.all(
      sockets.map((socket, index) => converse({ socket, target, requests, state, first: index * apart })),
    );
    // A server that stops answering would otherwise be waited for without end.
    const measured = new Promise<Load>((resolve) => {
      setTimeout(() => resolve(usage(state.answers)), options.seconds * 1_000);
    });
    const result = await Promise.race([measured, done.then(() => measured)]);
    state.running = false;
    await Promise.race([done, timeout(target.name)]);
    return result;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

interface Progress {
  answers: number;
  running: boolean;
}

/** The cipher that an API server, a Go program, gets: the same for all targets. */
async function open(port: number, { certificate }: LoadOptions): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: certificate,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
  });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return socket;
}

interface Conversation {
  readonly socket: TLSSocket;
  readonly target: Target;
  readonly requests: readonly { readonly uid: string; readonly bytes: Buffer }[];
  readonly state: Progress;
  /** Connections start at different reviews. */
  readonly first: number;
}

function converse({ socket, target, requests, state, first }: Conversation): Promise<void> {
  const read = createAnswerReader(target.expectation);
  const next = (asked: number) => requests[(first + asked) % requests.length]!;
  return new Promise((resolve, reject) => {
    let asked = 0;
    let current = next(asked);
    socket.on('data', (chunk: Buffer) => {
      try {
        if (!read(chunk, current.uid)) return;
      } catch (thrown) {
        reject(thrown);
        return;
      }
      state.answers++;
      if (!state.running) return resolve();
      current = next(++asked);
      socket.write(current.bytes);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${target.name}: the connection was closed`)));
    socket.write(current.bytes);
  });
}

/** A request as the API server writes it. */
function requestOf(body: Buffer): Buffer {
  const head = [
    'POST /validate?timeout=10s HTTP/1.1',
    'Host: sekisho.sekisho.svc:443',
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${body.length}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

function timeout(name: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`${name}: some requests were not answered within 10 s`)), 10_000).unref();
  });
}

function startUsage(pid: number): (answers: number) => Load {
  const started = performance.now();
  const server = cpuSeconds(pid);
  const core = busySeconds(cores.server);
  const generator = process.cpuUsage();
  return (answers) => {
    const seconds = (performance.now() - started) / 1_000;
    const used = process.cpuUsage(generator);
    const serverSeconds = cpuSeconds(pid) - server;
    return {
      perSecond: answers / seconds,
      perCore: answers / serverSeconds,
      serverShare: serverSeconds / seconds,
      generatorShare: (used.user + used.system) / 1_000_000 / seconds,
      strangerShare: Math.max(0, busySeconds(cores.server) - core - serverSeconds) / seconds,
    };
  };
}
