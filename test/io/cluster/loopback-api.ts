import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ClusterCredentials, rememberPresented } from '../../../src/io/cluster/credentials.ts';
import { createClusterClient } from '../../../src/io/cluster/http-client.ts';
import { authority, newLeaf } from '../server/running-webhook.ts';

/* An API server on loopback: objects by path, versions, optimistic concurrency, watches. Real HTTPS, no etcd. */

export interface StoredObject {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** `hang`: no answer ever. `reset`: the connection breaks. */
export type Interception =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string | string[]> }
  | 'hang'
  | 'reset';

export interface LoopbackApiOptions {
  /** Instead of what would be answered. */
  intercept?(asked: Asked): Interception | undefined | Promise<Interception | undefined>;
  readonly host?: string;
}

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly object: StoredObject;
}

interface Watcher {
  readonly collection: string;
  readonly name: string | undefined;
  readonly response: ServerResponse;
}

const pair = await newLeaf();

export type LoopbackApi = Awaited<ReturnType<typeof startApi>>;

export async function startApi(options: LoopbackApiOptions = {}) {
  const objects = new Map<string, StoredObject>();
  /** Those that can be listed. */
  const collections = new Set<string>();
  const history: Change[] = [];
  const watchers = new Set<Watcher>();
  const asked: Asked[] = [];
  let version = 100;
  /** Versions below are forgotten, as after an hour or a restart. */
  let oldest = 0;

  const publish = (type: Change['type'], path: string, object: StoredObject): void => {
    const change = { version, type, collection: path.slice(0, path.lastIndexOf('/')), object };
    history.push(change);
    for (const watcher of watchers) if (concerns(watcher, change)) writeEvent(watcher.response, change);
  };
  const put = (path: string, object: StoredObject): StoredObject => {
    const type = objects.has(path) ? 'MODIFIED' : 'ADDED';
    version++;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    objects.set(path, stored);
    publish(type, path, stored);
    return stored;
  };
  const remove = (path: string): boolean => {
    const object = objects.get(path);
    if (object === undefined) return false;
    objects.delete(path);
    version++;
    publish('DELETED', path, { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    return true;
  };

  const watch = ({ path, query }: Asked, response: ServerResponse): void => {
    const name = query.get('fieldSelector')?.replace('metadata.name=', '');
    const watcher: Watcher = { collection: path, name, response };
    const from = query.get('resourceVersion');
    if (from !== null && Number(from) < oldest) {
      const status = statusOf(410, `too old resource version: ${from} (${oldest})`);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from === null) {
      for (const [key, object] of objects) {
        const change: Change = { version, type: 'ADDED', collection: key.slice(0, key.lastIndexOf('/')), object };
        if (concerns(watcher, change)) writeEvent(response, change);
      }
    } else {
      for (const change of history) {
        if (change.version > Number(from) && concerns(watcher, change)) writeEvent(response, change);
      }
    }
    watchers.add(watcher);
    const seconds = Number(query.get('timeoutSeconds') ?? 3_600);
    const ends = setTimeout(() => response.end(), seconds * 1_000);
    response.on('close', () => {
      clearTimeout(ends);
      watchers.delete(watcher);
    });
  };

  const update = ({ path, body }: Asked): Interception => {
    const current = objects.get(path);
    if (current === undefined) return { status: 404 };
    const stated = (body as StoredObject).metadata.resourceVersion;
    if (stated !== undefined && stated !== current.metadata.resourceVersion) return { status: 409 };
    return { status: 200, body: put(path, body as StoredObject) };
  };
  /** Pages as the API server makes them: all of the moment of the first. */
  const pages = new Map<string, { readonly items: readonly StoredObject[]; readonly version: number }>();
  const list = ({ path, query }: Asked): Interception => {
    const token = query.get('continue');
    const all = [...objects].filter(([key]) => key.slice(0, key.lastIndexOf('/')) === path);
    const page = pages.get(token ?? '') ?? { items: all.map(([, object]) => object), version };
    const limit = Number(query.get('limit') ?? page.items.length);
    const rest = { ...page, items: page.items.slice(limit) };
    const next = rest.items.length === 0 ? {} : { continue: `page-${pages.size}` };
    if (next.continue !== undefined) pages.set(next.continue, rest);
    const metadata = { resourceVersion: String(page.version), ...next };
    return { status: 200, body: { kind: 'List', metadata, items: page.items.slice(0, limit) } };
  };
  const perform = (call: Asked): Interception => {
    if (call.method === 'GET' && collections.has(call.path)) return list(call);
    const object = objects.get(call.path);
    if (call.method === 'GET') return object === undefined ? { status: 404 } : { status: 200, body: object };
    if (call.method === 'PUT') return update(call);
    if (call.method === 'DELETE')
      return remove(call.path) ? { status: 200, body: statusOf(200, 'Success') } : { status: 404 };
    return { status: 405 };
  };

  const server = createServer({ ...pair, keepAliveTimeout: 120_000 }, async (request, response) => {
    const url = new URL(request.url ?? '', 'https://api');
    const content = await text(request);
    const body: unknown = content === '' ? undefined : JSON.parse(content);
    const { method = 'GET', headers } = request;
    const call: Asked = { method, path: url.pathname, query: url.searchParams, headers, body };
    asked.push(call);
    const instead = await options.intercept?.(call);
    if (instead === undefined && url.searchParams.has('watch')) watch(call, response);
    else answer(response, instead ?? perform(call));
  });
  server.listen(0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `https://${options.host === '::1' ? '[::1]' : '127.0.0.1'}:${port}`;
  return {
    server,
    url,
    asked,
    objects,
    collections,
    put,
    remove,
    /** The watches open now. */
    watchers,
    /** One more line for every open watch. */
    say: (event: unknown) => {
      for (const { response } of watchers) response.write(`${JSON.stringify(event)}\n`);
    },
    endWatches: () => {
      for (const { response } of watchers) response.end();
      watchers.clear();
    },
    breakWatches: () => {
      for (const { response } of watchers) response.destroy();
      watchers.clear();
    },
    forgetHistory: () => {
      oldest = version;
    },
    version: () => String(version),
    connect: (token = 'good') => createClusterClient(credentialsFor(url, async () => token)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whoever knows the CA and a token. */
export function credentialsFor(url: string, token: () => Promise<string>): ClusterCredentials {
  const read = async () => ({
    headers: { authorization: `Bearer ${await token()}` },
    tls: { ca: authority.cert, rejectUnauthorized: true },
  });
  return { server: new URL(url), ...rememberPresented(read) };
}

export function statusOf(code: number, message: string) {
  return { kind: 'Status', apiVersion: 'v1', status: code < 400 ? 'Success' : 'Failure', message, code };
}

function concerns({ collection, name }: Watcher, change: Change): boolean {
  return collection === change.collection && (name === undefined || name === change.object.metadata.name);
}

function writeEvent(response: ServerResponse, { type, object }: Change): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function answer(response: ServerResponse, what: Interception): void {
  if (what === 'hang') return;
  if (what === 'reset') {
    response.destroy();
    return;
  }
  const { status, body = statusOf(status, `refused with ${status}`), headers = {} } = what;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
