import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { AnswerContext } from '../../../src/core/admission/answer.ts';
import type { Mode } from '../../../src/core/policy/mode.ts';
import { createPolicySet, type PolicySet } from '../../../src/core/policy/policy-set.ts';
import { createLogger, type LogLevel } from '../../../src/io/log.ts';
import { createMetrics } from '../../../src/io/metrics.ts';
import { offline } from '../../../src/io/offline.ts';
import { createInFlight } from '../../../src/io/server/in-flight.ts';
import { type Limits, standardLimits } from '../../../src/io/server/limits.ts';
import { createAdmissionServer } from '../../../src/io/server/server.ts';
import { issueAuthority, issueLeaf } from '../../../src/io/tls/issue.ts';
import type { KeyPair } from '../../../src/io/tls/key-pair.ts';
import { builtin } from '../../admission-requests.ts';
import { daysFrom } from '../../lifetimes.ts';

/* A real webhook on loopback, and a client that trusts its CA and nothing else. */

const lifetime = daysFrom(new Date());
export const authority = await issueAuthority(lifetime);
export const newLeaf = (): Promise<KeyPair> =>
  issueLeaf(authority, { dns: ['localhost'], ip: ['127.0.0.1', '::1'] }, lifetime);
const pair = await newLeaf();

export interface WebhookOptions {
  readonly limits?: Partial<Limits>;
  readonly ceiling?: Mode;
  readonly level?: LogLevel;
  readonly policies?: PolicySet;
  /** Called before each line of the log is kept; may throw, as a disk may be full. */
  readonly onLine?: () => void;
  /** Where to listen; 127.0.0.1 unless given. */
  readonly host?: string;
}

export async function startWebhook({ ceiling = 'Enforce', ...options }: WebhookOptions = {}) {
  const limits: Limits = { ...standardLimits, ...options.limits };
  const inFlight = createInFlight(limits);
  const lines: Record<string, unknown>[] = [];
  const rawLines: string[] = [];
  const log = createLogger(options.level ?? 'info', {
    write(line) {
      options.onLine?.();
      rawLines.push(line);
      lines.push(JSON.parse(line));
    },
  });
  const metrics = createMetrics({ version: '0', inflight: () => inFlight.requests });
  const policies = options.policies ?? createPolicySet({ policies: [builtin('builtin:restricted')], ceiling });
  const answers: AnswerContext = { policies, ...offline, locale: 'en' };
  const webhook = createAdmissionServer({ pair, answers, limits, inFlight, log, metrics });
  const port = await webhook.listen({ host: options.host ?? '127.0.0.1', port: 0 });
  return { ...webhook, port, inFlight, lines, rawLines, metrics, [Symbol.asyncDispose]: () => webhook.close() };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Post {
  readonly body?: string | Buffer;
  readonly type?: string | null;
  readonly method?: string;
  readonly path?: string;
  /** The address to call from. */
  readonly localAddress?: string;
}

/** One request on a connection of its own. */
export async function send(port: number, { body = '', type = 'application/json', ...rest }: Post): Promise<Reply> {
  const call = request({
    port,
    host: '127.0.0.1',
    ca: authority.cert,
    agent: false,
    localAddress: rest.localAddress,
    method: rest.method ?? 'POST',
    path: rest.path ?? '/validate?timeout=10s',
    headers: { ...(type === null ? {} : { 'content-type': type }), 'content-length': Buffer.byteLength(body) },
  });
  call.end(body);
  // A server that has answered may close while we still send: the answer counts, not the broken pipe.
  const [answer] = (await new Promise((resolve, reject) => {
    call.once('response', (response) => resolve([response]));
    call.on('error', reject);
  })) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A bare TLS connection, for what no client would send. */
export async function open(port: number, localAddress = '127.0.0.1'): Promise<TLSSocket> {
  // Given by hand, because `tls.connect` ignores `localAddress`.
  const raw = connectPlain({ port, host: '127.0.0.1', localAddress });
  const socket = connect({ socket: raw, host: '127.0.0.1', ca: authority.cert, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

/** The `response` of the answered review. */
export function verdictOf({ text }: Reply) {
  return JSON.parse(text).response as {
    uid: string;
    allowed: boolean;
    status?: { code: number; reason?: string; message: string };
    warnings?: string[];
    auditAnnotations?: Record<string, string>;
  };
}
