import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { timeouts } from './limits.ts';

/**
 * What cannot be read as a request, or not in time, is told so and ends; except a connection that is late only because it
 * has sent nothing. Go's transport dials ahead, and an API server keeps what it dialled for its next call: to close that
 * is a race it can lose, and it does not repeat a POST. Node counts a new connection as one whose head is under way, and
 * once it has told us that it is late leaves it alone until the first byte arrives; from then on it counts anew.
 */
export function onClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) {
    socket.setTimeout(timeouts.keepAlive);
    return;
  }
  if (error.code !== 'ECONNRESET' && socket.writable) socket.write(answerTo(error.code));
  socket.destroy();
}

function answerTo(code: string | undefined): string {
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
}
