import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../metrics.ts';
import type { Connections } from './connections.ts';
import type { InFlight } from './in-flight.ts';
import type { Limits } from './limits.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What the gate looks at before a single byte of a body is read. */
export interface GateContext {
  readonly limits: Limits;
  readonly inFlight: InFlight;
  readonly connections: Connections;
  readonly metrics: Metrics;
}

export const validatePath = '/validate';

/** The API server sends exactly `application/json`; parameters other than this one mean somebody else is calling. */
const jsonWithCharset = /^application\/json[ \t]*;[ \t]*charset=("?)utf-8\1$/i;

/**
 * Refuses what will not be read: wrong path, method, type or size, and what there is no room for. What may be read is
 * handed to `admit`; fastify's own way of reading a body ends here.
 */
export function addGate(app: FastifyInstance, context: GateContext, admit: (reply: FastifyReply) => void): void {
  const { limits, inFlight, connections, metrics } = context;
  function release(this: ServerResponse<IncomingMessage>): void {
    const { held, caller } = connections.of(this.req.socket);
    const bytes = held.get(this);
    if (bytes === undefined) return;
    held.delete(this);
    inFlight.giveBack(caller.share, bytes);
  }
  // Three parameters make it a hook with a callback, which is never called: each request is answered here or admitted.
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, _done: () => void) => {
    const { raw } = request;
    const bytes = announcedBytes(raw, limits.bodyBytes);
    const refusal = refusalOf(request, bytes, limits.bodyBytes);
    if (refusal !== undefined) return refuse(reply, refusal);
    const { held, caller } = connections.of(raw.socket);
    if (!inFlight.take(caller.share, bytes)) {
      metrics.shed();
      return refuse(reply, { status: 503, message: 'too many requests in flight' });
    }
    held.set(reply.raw, bytes);
    reply.raw.on('close', release);
    reply.hijack();
    admit(reply);
  });
}

/** A body of unknown length may become as long as any body may. */
function announcedBytes({ headers }: IncomingMessage, unknown: number): number {
  const announced = headers['content-length'];
  if (announced !== undefined) return Number(announced);
  return headers['transfer-encoding'] === undefined ? 0 : unknown;
}

function refusalOf(request: FastifyRequest, bytes: number, bodyLimit: number): Refusal | undefined {
  const { is404, raw } = request;
  if (is404) return unroutable(raw);
  const type = raw.headers['content-type'];
  if (type !== 'application/json' && (type === undefined || !jsonWithCharset.test(type))) {
    return { status: 415, message: 'the content type must be application/json' };
  }
  if (bytes > bodyLimit) return tooLarge(bodyLimit);
  return undefined;
}

function unroutable({ url = '' }: IncomingMessage): Refusal {
  const path = url.split('?', 1)[0];
  if (path === validatePath) return { status: 405, message: 'only POST is answered here' };
  return { status: 404, message: `only POST ${validatePath} is answered here` };
}

export function tooLarge(bodyLimit: number): Refusal {
  return { status: 413, message: `the body is larger than ${bodyLimit} bytes` };
}
