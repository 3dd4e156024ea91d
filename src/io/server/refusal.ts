import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** What somebody who is not an API server is told. Small, constant, without a stack. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** So long an unwanted body is still read: a client that is busy sending would otherwise see a reset, not the answer. */
const lingerMilliseconds = 500;

/** Answers without the body having been asked for, and closes the connection unless the request is complete. */
export function refuse(reply: FastifyReply, { status, message }: Refusal): void {
  const { raw: response } = reply;
  const { raw: request } = reply.request;
  reply.hijack();
  const text = JSON.stringify({ statusCode: status, error: STATUS_CODES[status], message });
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  if (request.complete || request.readableEnded) {
    response.end(text);
    return;
  }
  response.setHeader('connection', 'close');
  response.write(text);
  const timer = setTimeout(end, lingerMilliseconds);
  function end(): void {
    clearTimeout(timer);
    response.end();
  }
  request.once('end', end).once('close', end).resume();
}
