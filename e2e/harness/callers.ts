import { Agent, type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CallersOptions {
  /** What is asked; read before each call, because it may move. */
  readonly url: () => string;
  readonly ca: string;
  /** A complete review as JSON. */
  readonly review: string;
  /** So many keep their connections, so many connect for each call. */
  readonly kept: number;
  readonly fresh: number;
  readonly pauseMilliseconds: number;
}

/** Who keeps its connection, and who connects for each call. */
export type CallerKind = 'kept' | 'fresh';

export interface Called {
  readonly kind: CallerKind;
  /** By `performance.now()`. */
  readonly started: number;
  readonly milliseconds: number;
  /** The body, or what went wrong. */
  readonly answer: string;
  /** The header that says whether the connection may be kept. */
  readonly connection: string | undefined;
}

export interface Callers {
  readonly calls: readonly Called[];
  /** Resolves when the last call has been answered. */
  stop(): Promise<void>;
}

/** Ordinary callers, each of which asks, pauses and asks again. */
export function startCallers({ url, ca, review, ...options }: CallersOptions): Callers {
  const calls: Called[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: options.kept, ca });
  let stopped = false;
  const ask = async (kind: CallerKind): Promise<void> => {
    while (!stopped) {
      const started = performance.now();
      const answered = await post(url(), review, kind === 'kept' ? { agent } : { agent: false, ca });
      calls.push({ kind, started, milliseconds: performance.now() - started, ...answered });
      await sleep(options.pauseMilliseconds);
    }
  };
  const kinds = [...Array<CallerKind>(options.kept).fill('kept'), ...Array<CallerKind>(options.fresh).fill('fresh')];
  const ended = Promise.all(kinds.map(ask));
  return {
    calls,
    async stop() {
      stopped = true;
      await ended;
      agent.destroy();
    },
  };
}

export function failuresOf(calls: readonly Called[]): readonly string[] {
  return calls.map(({ answer }) => answer).filter((answer) => !answer.includes('"allowed":'));
}

function post(url: string, body: string, options: RequestOptions): Promise<Pick<Called, 'answer' | 'connection'>> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ answer: error.message, connection: undefined });
    const outgoing = request(new URL('/validate?timeout=10s', url), { ...options, method: 'POST', headers });
    outgoing.on('response', (response) => {
      const { connection } = response.headers;
      text(response).then((answer) => resolve({ answer, connection }), failed);
    });
    outgoing.on('error', failed).end(body);
  });
}
