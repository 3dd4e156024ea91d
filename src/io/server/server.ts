import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { AnswerContext } from '../../core/admission/answer.ts';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { KeyPair } from '../tls/key-pair.ts';
import { receiveBody } from './body.ts';
import { onClientError } from './client-error.ts';
import { createConclusion } from './conclusion.ts';
import { type Evicted, limitConnections } from './connections.ts';
import { addGate, tooLarge, validatePath } from './gate.ts';
import type { InFlight } from './in-flight.ts';
import { type Limits, timeouts } from './limits.ts';
import { refuse } from './refusal.ts';
import { createValidation } from './validate-route.ts';

/** Where to listen; port 0 picks one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface AdmissionServerOptions {
  readonly pair: KeyPair;
  readonly answers: AnswerContext;
  readonly limits: Limits;
  readonly inFlight: InFlight;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The webhook: HTTPS in front of core. */
export interface AdmissionServer {
  readonly app: FastifyInstance;
  /** The port that was given or picked. */
  listen(address: Address): Promise<number>;
  /** New connections get the new pair; those that stand keep theirs. */
  serve(pair: KeyPair): void;
  /** From now on every answer ends its connection. Who comes is still answered. */
  sendAway(): void;
  /** Stops listening, ends idle connections, and waits until what is in flight is answered. */
  close(): Promise<void>;
}

/** Not yet accepted. Beyond, the kernel drops them, and a caller tries again a second later. */
const connectionsWaiting = 2_048;

/** Enough for the event loop to look at every connection once more. */
const readingMilliseconds = 10;

/** So long whoever has just connected when the server stops listening may take to send the request it connected for. */
const arrivalMilliseconds = 500;

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { answers, limits, inFlight, log, metrics } = options;
  const { app, server } = createApp(options.pair, limits.bodyBytes);
  server.maxConnections = limits.connections;
  const connections = limitConnections(server, { limits, inFlight, evicted: reportEvictions(log, metrics) });
  metrics.watchConnections(() => connections.count);
  const { ceiling } = answers.policies;
  const validate = createValidation(answers, createConclusion({ ceiling, log, metrics, connections }));
  addGate(app, { limits, inFlight, connections, metrics }, (reply) => {
    receiveBody(reply.request.raw, limits.bodyBytes, (body) => {
      try {
        if (body === undefined) refuse(reply, tooLarge(limits.bodyBytes));
        else validate(reply, body);
      } catch (thrown) {
        // Judging answers for itself; this is counting, logging or sending. One request, not the process.
        reply.raw.destroy();
        log.error({ error: { message: messageOf(thrown) } }, 'request failed');
      }
    });
  });
  app.post(validatePath, () => {
    throw new Error('the gate admits every request itself');
  });
  return {
    app,
    async listen({ host, port }) {
      await app.listen({ host, port, backlog: connectionsWaiting }).catch((cause: Error) => {
        throw new SekishoError('ServerFailed', `cannot listen on ${host} port ${port}: ${cause.message}`, cause);
      });
      return (server.address() as AddressInfo).port;
    },
    serve: (pair) => server.setSecureContext(secureContext(pair)),
    sendAway() {
      server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
        response.setHeader('connection', 'close');
      });
      connections.sendAway();
    },
    async close() {
      // A connection whose request has arrived and was not read yet is not idle.
      await sleep(readingMilliseconds);
      const closed = app.close();
      await inFlight.empty();
      if (connections.unused) await sleep(arrivalMilliseconds);
      await inFlight.empty();
      // Whoever is connected and has asked nothing yet would keep the server open for as long as it likes.
      connections.destroyAll();
      await closed;
    },
  };
}

/** TLS 1.3 alone: every API server that still gets fixes speaks it. */
function secureContext({ cert, key }: KeyPair) {
  return { cert, key, minVersion: 'TLSv1.3' } as const;
}

function createApp(pair: KeyPair, bodyLimit: number) {
  const app = fastify({
    https: {
      ...secureContext(pair),
      // The API server speaks HTTP/1.1 to services; offering more would only be more to attack.
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: timeouts.handshake,
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: timeouts.checkingInterval,
      // Nothing is read from who waits for a handshake. TLS creates its own socket paused too, hence `resume` below.
      pauseOnConnect: true,
    },
    clientErrorHandler: onClientError,
    bodyLimit,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    // While closing, requests on connections that stand are still judged: a 503 is a failed webhook call.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    trustProxy: false,
    logger: false,
    requestIdHeader: false,
    genReqId: () => '',
    exposeHeadRoutes: false,
    routerOptions: { querystringParser: () => ({}), caseSensitive: true },
  });
  app.setErrorHandler((_error: FastifyError, _request, reply) => {
    refuse(reply, { status: 400, message: 'the request cannot be read' });
  });
  app.server.on('secureConnection', (socket) => socket.resume());
  return { app: app as unknown as FastifyInstance, server: app.server };
}

const evictionLogMilliseconds = 60_000;

/** Counts them all and names one a minute: whoever opens thousands of connections shall not fill the log too. */
function reportEvictions(log: Logger, metrics: Metrics): Evicted {
  let next = 0;
  return (address, connections) => {
    metrics.connectionEvicted();
    if (performance.now() < next) return;
    next = performance.now() + evictionLogMilliseconds;
    log.warn({ address, connections }, 'too many connections, ending some');
  };
}
