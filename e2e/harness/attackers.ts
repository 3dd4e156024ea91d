/**
 * Besieges a webhook on loopback until its stdin ends; a process of its own, so that it slows nobody who measures.
 *
 *     node attackers.ts '{"port": 8443, "review": "…", "attacks": [{"kind": "slowHeaders", "count": 900, "from": 1}]}'
 *
 * Prints `ready` once every connection has been opened once, and for `aborts` once all are done.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

export type AttackKind = 'slowHeaders' | 'slowBodies' | 'halfOpen' | 'aborts' | 'squatters';

export interface Attack {
  readonly kind: AttackKind;
  readonly count: number;
  /** From so many addresses of 127.0.0.0/8. */
  readonly from: number;
}

export interface Siege {
  readonly port: number;
  /** A complete review as JSON. */
  readonly review: string;
  readonly attacks: readonly Attack[];
}

const siege = JSON.parse(process.argv[2] ?? '') as Siege;
const dripMilliseconds = 500;
/** Whoever was thrown out comes back. */
const returnMilliseconds = 1_000;
const abortsAtOnce = 50;
/** A hello, a handshake's end and a review in TLS records: about so long. */
const abortedBytes = 9_000;

const head = (length: number): string =>
  `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

/** Each opens one connection and holds it; resolves when it has done to it what it does. */
const holders: Readonly<Record<Exclude<AttackKind, 'aborts'>, (raw: Socket) => Promise<unknown>>> = {
  slowHeaders: async (raw) => drip(await secure(raw), 'POST /validate HTTP/1.1\r\nhost: x\r\nx-slow: '),
  slowBodies: async (raw) => drip(await secure(raw), `${head(100_000)}{`),
  halfOpen: async (raw) => raw.write(Buffer.from([0x16, 0x03, 0x01])),
  async squatters(raw) {
    const socket = await secure(raw);
    socket.write(head(Buffer.byteLength(siege.review)) + siege.review);
    await once(socket, 'data');
  },
};

function from(attack: Attack, index: number): Socket {
  const block = { slowHeaders: 1, slowBodies: 2, halfOpen: 3, aborts: 4, squatters: 5 }[attack.kind];
  const localAddress = `127.${block}.0.${1 + (index % attack.from)}`;
  const socket = connect({ port: siege.port, host: '127.0.0.1', localAddress, noDelay: true });
  return socket.on('error', () => undefined);
}

async function secure(raw: Socket | Duplex): Promise<Duplex> {
  const socket = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => undefined).resume();
  await once(socket, 'secureConnect');
  return socket;
}

function drip(socket: Duplex, start: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write('a'), dripMilliseconds);
  socket.on('close', () => clearInterval(timer));
}

async function hold(attack: Attack & { readonly kind: keyof typeof holders }, index: number): Promise<void> {
  const raw = from(attack, index);
  raw.once('close', () => setTimeout(() => void hold(attack, index), returnMilliseconds));
  await Promise.race([
    holders[attack.kind](raw).catch(() => undefined),
    new Promise((done) => raw.once('close', done)),
  ]);
}

/** Ends after so many bytes, whatever they belong to: reset, or in the ordinary way. */
async function abort(attack: Attack, index: number): Promise<void> {
  const raw = from(attack, index);
  const closed = new Promise((resolve) => raw.once('close', resolve));
  let left = Math.floor(Math.random() * abortedBytes);
  const cut = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      raw.write(part, left > 0 ? done : end);
    },
  });
  const end = (): void => void (index % 2 === 0 ? raw.resetAndDestroy() : raw.destroy());
  raw.on('data', (chunk) => cut.push(chunk)).on('close', () => cut.destroy());
  cut.on('error', () => undefined);
  void secure(cut).then((socket) => {
    socket.write(head(Buffer.byteLength(siege.review)) + siege.review);
    socket.once('data', end);
  }, end);
  await closed;
}

async function begin(attack: Attack): Promise<void> {
  const { kind, count } = attack;
  if (kind === 'aborts') {
    const queue = Array.from({ length: count }).keys();
    const worker = async (): Promise<void> => {
      for (const index of queue) await abort(attack, index);
    };
    await Promise.all(Array.from({ length: abortsAtOnce }, worker));
    return;
  }
  // Not all in one instant: this process has to shake hands as often as the server.
  const started = Array.from({ length: count }, async (_, index) => {
    await sleep(index);
    await hold({ ...attack, kind }, index);
  });
  await Promise.all(started);
}

process.stdin.on('end', () => process.exit()).resume();
await Promise.all(siege.attacks.map(begin));
process.stdout.write('ready\n');
