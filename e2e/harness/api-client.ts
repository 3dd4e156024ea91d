import { Agent, type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from '../drivers/cluster.ts';
import { sharedCluster } from './case.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly code: number;
  readonly body: string;
  /** What a refusal says; empty when it is none. */
  readonly message: string;
  /** The `Warning` headers, as they came. */
  readonly warnings: readonly string[];
  /** Names the event in the audit log. */
  readonly auditId: string;
}

/** Speaks HTTP to the API server as the administrator: for thousands of requests, where kubectl would take minutes. */
export interface ApiClient extends Disposable {
  send(request: ApiRequest): Promise<ApiAnswer>;
}

const longestWaits = 50;

/** Connects by the harness' kubeconfig; the connections are kept alive. */
export async function connectToApiServer(
  cluster: Cluster = sharedCluster(),
  { connections = 20 }: { readonly connections?: number } = {},
): Promise<ApiClient> {
  const config = new KubeConfig();
  config.loadFromFile(cluster.access.administrator.kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the kubeconfig names no server');
  const credentials: RequestOptions = {};
  await config.applyToHTTPSOptions(credentials);
  const { ca, cert, key, headers, rejectUnauthorized } = credentials;
  const tls = { ca, cert, key, ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) };
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ...tls });
  const base = new URL(server);
  const send = async (asked: ApiRequest): Promise<ApiAnswer> => {
    for (let waits = 0; ; waits += 1) {
      const answer = await sendOnce(asked, base, { agent, headers });
      if (answer.code !== 429 || waits === longestWaits) return answer;
      await sleep(200);
    }
  };
  return { send, [Symbol.dispose]: () => agent.destroy() };
}

type Connection = Pick<RequestOptions, 'agent' | 'headers'>;

function sendOnce({ method, path, body }: ApiRequest, base: URL, connection: Connection): Promise<ApiAnswer> {
  const content = body === undefined ? '' : JSON.stringify(body);
  const contentType = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';
  const headers = {
    ...(connection.headers as Record<string, string> | undefined),
    accept: 'application/json',
    'content-type': contentType,
    'content-length': Buffer.byteLength(content),
  };
  const url = new URL(base.pathname.replace(/\/$/, '') + path, base);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...connection, method, headers, timeout: 60_000 }, (response) => {
      const code = response.statusCode ?? 0;
      const { warning: warnings = [], 'audit-id': [auditId = ''] = [] } = response.headersDistinct;
      const answered = (answer: string): ApiAnswer => ({
        code,
        body: answer,
        message: messageOf(code, answer),
        warnings,
        auditId,
      });
      text(response).then((answer) => resolve(answered(answer)), reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within a minute`)));
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

/** The message of a `Status`, or the text itself. */
function messageOf(code: number, body: string): string {
  if (code < 400) return '';
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body;
  }
}
