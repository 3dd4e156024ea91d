import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import { makeLoopbackCertificate } from './loopback-certificate.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** What stands between an API server and one of its clients, and may fail. */
export interface ApiProxy extends AsyncDisposable {
  /** The same identity, by way of the proxy. */
  kubeconfig(original: string): Promise<string>;
  /** Nothing passes any more, and what is under way breaks. */
  sever(): void;
  mend(): void;
  /** Every watch breaks, and the next of each path is told that its version is gone: in the two ways in turn. */
  expireWatches(): void;
  /** Watches that were told so. */
  readonly expired: number;
}

interface KubeconfigFile {
  readonly clusters: readonly { readonly name: string; readonly cluster: { readonly server: string } }[];
}

export async function startApiProxy(cluster: Cluster): Promise<ApiProxy> {
  const administrator = parse(await readFile(cluster.access.administrator.kubeconfig, 'utf8')) as KubeconfigFile;
  const [target = ''] = administrator.clusters.map((each) => each.cluster.server);
  // Verifying the API server is not what is tested here: it is on loopback, and ours.
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const { key, certificate } = makeLoopbackCertificate();
  const expiring = new Set<string>();
  const watched = new Set<string>();
  let severed = false;
  let expired = 0;
  const server = createServer({ key, cert: certificate }, (incoming, response) => {
    const url = new URL(incoming.url ?? '', target);
    if (severed) incoming.destroy();
    else if (!url.searchParams.has('watch')) pass(incoming, response, { url, agent });
    else {
      watched.add(url.pathname);
      if (!expiring.delete(url.pathname)) pass(incoming, response, { url, agent });
      else refuseAsExpired(response, ++expired % 2 === 0);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: ApiProxy = {
    async kubeconfig(original) {
      const content = parse(await readFile(original, 'utf8')) as KubeconfigFile;
      const ca = Buffer.from(certificate).toString('base64');
      const here = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca };
      const clusters = content.clusters.map(({ name }) => ({ name, cluster: here }));
      const file = join(cluster.folder, `proxy-${port}-${watched.size}.kubeconfig`);
      await writeFile(file, JSON.stringify({ ...content, clusters }), { mode: 0o600 });
      return file;
    },
    sever() {
      severed = true;
      server.closeAllConnections();
    },
    mend() {
      severed = false;
    },
    expireWatches() {
      for (const path of watched) expiring.add(path);
      server.closeAllConnections();
    },
    get expired() {
      return expired;
    },
    async [Symbol.asyncDispose]() {
      disposed(proxy);
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
  watchUntilDisposed(proxy);
  return proxy;
}

interface Way {
  readonly url: URL;
  readonly agent: Agent;
}

function pass(incoming: IncomingMessage, response: ServerResponse, { url, agent }: Way): void {
  const { host: _host, ...headers } = incoming.headers;
  const outgoing = request(url, { method: incoming.method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function refuseAsExpired(response: ServerResponse, asEvent: boolean): void {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410 };
  response.writeHead(asEvent ? 200 : 410, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(asEvent ? { type: 'ERROR', object: status } : status)}\n`);
}
