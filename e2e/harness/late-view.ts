import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClusterClient } from '../../src/io/cluster/http-client.ts';
import { kubeconfigCredentials } from '../../src/io/cluster/kubeconfig.ts';
import type { ClusterObject } from '../../src/io/cluster/object.ts';
import { watchObject } from '../../src/io/cluster/object-watch.ts';
import { sharedCluster } from './case.ts';
import { makeLoopbackCertificate } from './loopback-certificate.ts';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** An API server that shows what was the case some time ago, of a few objects and to readers only. */
export interface LateView extends AsyncDisposable {
  /** For whoever is to see everything late. */
  readonly kubeconfig: string;
}

interface Version {
  readonly at: number;
  readonly object: unknown;
}

/** How often watches look for what has become old enough. */
const grainMilliseconds = 50;

export async function startLateView(milliseconds: number, objects: readonly ClusterObject[]): Promise<LateView> {
  await using undo = new AsyncDisposableStack();
  const cluster = sharedCluster();
  const client = undo.use(createClusterClient(await kubeconfigCredentials(cluster.access.administrator.kubeconfig)));
  const histories = new Map<string, Version[]>();
  for (const object of objects) {
    const history: Version[] = [];
    histories.set(`${object.collection}/${object.name}`, history);
    const seen = (state: unknown): void => void history.push({ at: performance.now(), object: state });
    const watch = undo.use(watchObject(client, object, { seen, failed: () => undefined }));
    await watch.first;
  }
  /** Before the recording was long enough: its beginning. */
  const late = (history: readonly Version[]): number =>
    Math.max(
      0,
      history.findLastIndex(({ at }) => at <= performance.now() - milliseconds),
    );
  const { key, certificate } = makeLoopbackCertificate();
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const url = new URL(request.url ?? '', 'https://late');
    const name = url.searchParams.get('fieldSelector')?.replace('metadata.name=', '');
    const history = histories.get(name === undefined ? url.pathname : `${url.pathname}/${name}`);
    if (history === undefined && request.method === 'GET' && !url.searchParams.has('watch')) {
      // What is not seen late is seen as it is, and cannot be followed.
      client.request({ method: 'GET', path: url.pathname + url.search }).then(
        ({ status, body }) => answer(response, status, body),
        () => response.destroy(),
      );
    } else if (history === undefined || request.method !== 'GET') refuse(response, 403);
    else if (url.searchParams.has('watch')) watchLate(request, response, { history, late: () => late(history) });
    else show(response, history[late(history)]?.object);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(cluster.folder, `late-${port}.kubeconfig`);
  await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(port, certificate)), { mode: 0o600 });
  const end = undo.move();
  watchUntilDisposed(end);
  end.defer(() => disposed(end));
  return { kubeconfig, [Symbol.asyncDispose]: () => end.disposeAsync() };
}

interface LateHistory {
  readonly history: readonly Version[];
  /** The index of what is shown now. */
  late(): number;
}

function watchLate(request: IncomingMessage, response: ServerResponse, { history, late }: LateHistory): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  let next = late();
  const tell = (): void => {
    for (; next <= late(); next++) {
      const [before, now] = [history[next - 1]?.object, history[next]?.object];
      const [type, object] =
        now === undefined ? ['DELETED', before] : [before === undefined ? 'ADDED' : 'MODIFIED', now];
      if (object !== undefined) response.write(`${JSON.stringify({ type, object })}\n`);
    }
  };
  const timer = setInterval(tell, grainMilliseconds);
  const seconds = Number(new URL(request.url ?? '', 'https://late').searchParams.get('timeoutSeconds') ?? 60);
  const ends = setTimeout(() => response.end(), seconds * 1_000);
  response.on('close', () => {
    clearInterval(timer);
    clearTimeout(ends);
  });
}

function show(response: ServerResponse, object: unknown): void {
  if (object === undefined) refuse(response, 404);
  else answer(response, 200, object);
}

function refuse(response: ServerResponse, code: number): void {
  answer(response, code, { kind: 'Status', code, message: 'refused by the late view' });
}

function answer(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function kubeconfigFor(port: number, certificate: string): object {
  const ca = Buffer.from(certificate).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'late', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca } }],
    users: [{ name: 'late', user: { token: 'none is asked for' } }],
    contexts: [{ name: 'late', context: { cluster: 'late', user: 'late' } }],
    'current-context': 'late',
  };
}
