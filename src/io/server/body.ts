import type { IncomingMessage } from 'node:http';

/**
 * Reads a body whole, then hands it over; undefined when it grew beyond the limit, and nothing at all when the sender
 * went away. Read here and not by fastify, whose parsers cost a tenth of a review.
 */
export function receiveBody(
  request: IncomingMessage,
  limit: number,
  receive: (body: Buffer | undefined) => void,
): void {
  let chunks: Buffer[] | undefined;
  let first: Buffer | undefined;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      // Whoever answers decides how long the rest is still listened to.
      request.removeAllListeners('data').removeAllListeners('end');
      receive(undefined);
    } else if (first === undefined) first = chunk;
    else if (chunks === undefined) chunks = [first, chunk];
    else chunks.push(chunk);
  });
  request.on('end', () => receive(chunks === undefined ? (first ?? nothing) : Buffer.concat(chunks, length)));
}

const nothing = Buffer.alloc(0);
