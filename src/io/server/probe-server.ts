import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SekishoError } from '../../core/error.ts';
import type { Metrics } from '../metrics.ts';
import type { Address } from './server.ts';

export interface ProbeServerOptions {
  readonly metrics: Pick<Metrics, 'registry'>;
  /** Why the process must not be sent requests now; undefined when it may. */
  unreadiness(): string | undefined;
}

/** Health and metrics, on a port of its own without TLS: kubelet and Prometheus read it, and nothing there is secret. */
export interface ProbeServer {
  readonly server: Server;
  listen(address: Address): Promise<number>;
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

export function createProbeServer(options: ProbeServerOptions): ProbeServer {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 });
  server.maxConnections = 256;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    pageFor(request, options).then(
      (page) => show(request, response, page),
      () => show(request, response, { status: 500, text: 'the metrics cannot be read\n' }),
    );
  });
  return {
    server,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', (cause) => {
          const where = `${host} port ${port}`;
          reject(new SekishoError('ServerFailed', `cannot listen on ${where} for probes: ${cause.message}`, cause));
        });
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function pageFor({ method, url = '' }: IncomingMessage, options: ProbeServerOptions): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET is answered here\n' };
  switch (url.split('?', 1)[0]) {
    case '/livez':
      return { status: 200, text: 'ok\n' };
    case '/readyz':
      return readiness(options.unreadiness());
    case '/metrics': {
      const { registry } = options.metrics;
      return { status: 200, type: registry.contentType, text: await registry.metrics() };
    }
    default:
      return { status: 404, text: 'see /livez, /readyz, /metrics\n' };
  }
}

function readiness(unready: string | undefined): Page {
  return unready === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${unready}\n` };
}

function show(request: IncomingMessage, response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    'content-type': page.type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(page.text),
  });
  response.end(request.method === 'HEAD' ? undefined : page.text);
}
