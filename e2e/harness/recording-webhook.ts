import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { makeLoopbackCertificate } from './loopback-certificate.ts';

/** The part of an AdmissionReview that says what it is about. */
export interface RecordedReview {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subResource?: string;
    readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  };
}

/** A webhook that allows everything and keeps what it was asked. */
export interface RecordingWebhook extends AsyncDisposable {
  readonly url: string;
  /** For the `caBundle` of its configuration: base64 of the PEM. */
  readonly caBundle: string;
  /** Hands over what was recorded since the last time. */
  take(): readonly RecordedReview[];
}

export async function startRecordingWebhook(): Promise<RecordingWebhook> {
  const { key, certificate } = makeLoopbackCertificate();
  let recorded: RecordedReview[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const review = JSON.parse(await text(request)) as RecordedReview;
    recorded.push(review);
    const body = { uid: review.request.uid, allowed: true };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: body }));
  };
  const server = createServer({ key, cert: certificate }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(certificate).toString('base64'),
    take: () => {
      const taken = recorded;
      recorded = [];
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
