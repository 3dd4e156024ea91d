import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { ClusterAnswer, ClusterClient, ClusterRequest } from './client.ts';
import type { ClusterCredentials, Presented } from './credentials.ts';
import { linkedAbort } from './linked-abort.ts';
import { refusal } from './refusal.ts';
import { parseWarnings } from './warnings.ts';
import { readEvents, watchSilence } from './watch-stream.ts';

/** No object of ours comes near; an endless answer must not fill the memory. */
const longestAnswer = 16 * 1024 * 1024;

const answerMilliseconds = 10_000;

/** The API server closes idle connections after 90 s: we close first, so that no request meets one that is closing. */
const idleMilliseconds = 60_000;

/** What every request of a client is sent with: whose it is, and the connections that are kept. */
interface Exchange {
  readonly credentials: ClusterCredentials;
  readonly agent: Agent;
}

/**
 * Over HTTP/1.1, whose connections are kept: node:https is loaded anyway for the webhook, any other client costs
 * memory. Every request has a deadline, which is what finds a connection that is half open.
 */
export function createClusterClient(credentials: ClusterCredentials): ClusterClient {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 15_000, timeout: idleMilliseconds, maxSockets: 64 });
  const exchange: Exchange = { credentials, agent };
  let closed = false;
  const open = (asked: ClusterRequest, signal?: AbortSignal): Promise<IncomingMessage> => {
    if (closed) return Promise.reject(unreachable(asked, credentials, new Error('the client is closed')));
    return openWithFreshCredentials(asked, exchange, signal);
  };
  return {
    request: (asked) => answerTo(asked, exchange, open),
    watch: (path, signal, listener) =>
      readWatch({ method: 'GET', path }, { exchange, open, signal, opened: () => listener?.opened() }),
    async [Symbol.asyncDispose]() {
      closed = true;
      agent.destroy();
    },
  };
}

type Open = (asked: ClusterRequest, signal?: AbortSignal) => Promise<IncomingMessage>;

async function answerTo(asked: ClusterRequest, { credentials, agent }: Exchange, open: Open): Promise<ClusterAnswer> {
  const milliseconds = asked.timeout ?? answerMilliseconds;
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(new Error(`no complete answer within ${milliseconds} ms`));
    // What else lies idle may lead to the same dead end: the next request is to find its way anew.
    closeIdle(agent);
  }, milliseconds);
  try {
    const response = await open(asked, deadline.signal);
    const text = await textOf(response);
    const warnings = parseWarnings(response.headersDistinct['warning'] ?? []);
    return { status: response.statusCode ?? 0, body: parseJson(text), warnings };
  } catch (thrown) {
    throw unreachable(asked, credentials, deadline.signal.aborted ? deadline.signal.reason : thrown);
  } finally {
    clearTimeout(timer);
  }
}

interface Watching {
  readonly exchange: Exchange;
  readonly open: Open;
  readonly signal: AbortSignal;
  opened(): void;
}

async function* readWatch(asked: ClusterRequest, { exchange, open, signal, opened }: Watching) {
  const silence = watchSilence(asked.path);
  // Whoever stops reading ends the watch.
  using stop = linkedAbort(signal);
  const timer = setTimeout(stop.abort, answerMilliseconds);
  try {
    const response = await open(asked, stop.signal);
    if (response.statusCode !== 200) {
      const body = parseJson(await textOf(response));
      throw refusal(`watch ${asked.path}`, { status: response.statusCode ?? 0, body, warnings: [] });
    }
    clearTimeout(timer);
    opened();
    yield* readEvents(response, { silence, longestLine: longestAnswer });
  } catch (thrown) {
    if (signal.aborted) return;
    if (thrown instanceof SekishoError) throw thrown;
    closeIdle(exchange.agent);
    throw unreachable(asked, exchange.credentials, stop.signal.aborted ? new Error('no answer in time') : thrown);
  } finally {
    clearTimeout(timer);
  }
}

/** After a 401 once more with credentials just read: a token may have been exchanged since. */
async function openWithFreshCredentials(
  asked: ClusterRequest,
  exchange: Exchange,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { credentials } = exchange;
  const first = await credentials.present();
  const response = await openOnce(asked, { ...exchange, presented: first }, signal);
  if (response.statusCode !== 401) return response;
  credentials.forget();
  const second = await credentials.present();
  if (second.headers['authorization'] === first.headers['authorization'] && second.tls.cert === first.tls.cert) {
    return response;
  }
  response.resume();
  return openOnce(asked, { ...exchange, presented: second }, signal);
}

interface Sending extends Exchange {
  readonly presented: Presented;
}

/** A kept connection may have been closed at the other end just now; what only reads is then asked once more. */
async function openOnce(asked: ClusterRequest, sending: Sending, signal?: AbortSignal): Promise<IncomingMessage> {
  const first = transmit(asked, sending, signal);
  try {
    return await first.response;
  } catch (thrown) {
    if (asked.method !== 'GET' || !first.reused() || signal?.aborted) throw thrown;
    closeIdle(sending.agent);
    return transmit(asked, sending, signal).response;
  }
}

interface Transmission {
  readonly response: Promise<IncomingMessage>;
  reused(): boolean;
}

function transmit(
  { method, path, body, contentType = 'application/json' }: ClusterRequest,
  { credentials: { server }, agent, presented }: Sending,
  signal?: AbortSignal,
): Transmission {
  const content = body === undefined ? '' : JSON.stringify(body);
  const sent = content === '' ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(content) };
  const outgoing = request({
    host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: server.port === '' ? 443 : server.port,
    method,
    path: server.pathname.replace(/\/$/, '') + path,
    headers: { ...presented.headers, accept: 'application/json', 'user-agent': 'sekisho', ...sent },
    ...presented.tls,
    agent: presented.agent ?? agent,
    maxHeaderSize: 64 * 1024,
    ...(signal === undefined ? {} : { signal }),
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  });
  outgoing.end(content);
  return { response, reused: () => outgoing.reusedSocket };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > longestAnswer) {
      throw new SekishoError('AnswerTooLong', `the answer is longer than ${longestAnswer} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function unreachable(
  { method, path }: ClusterRequest,
  { server }: ClusterCredentials,
  thrown: unknown,
): SekishoError<'ClusterUnreachable'> {
  const what = `${method} ${server.origin}${path.split('?', 1)[0]}`;
  return new SekishoError('ClusterUnreachable', `${what}: ${messageOf(thrown)}`, thrown);
}
