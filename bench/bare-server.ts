/**
 * The least a webhook in Node.js can do: read the body, parse it, answer a constant. What Sekisho is measured against.
 *
 *     node bare-server.ts CERT KEY PORT
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [, , cert = '', key = '', port = ''] = process.argv;

interface Review {
  readonly request: { readonly uid: string };
}

const server = createServer(
  { cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.end();
        return;
      }
      const { uid } = (JSON.parse(Buffer.concat(chunks).toString()) as Review).request;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      const text = JSON.stringify(review);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    });
  },
);
server.keepAliveTimeout = 125_000;
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit());
