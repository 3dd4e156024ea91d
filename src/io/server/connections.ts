import type { Server, Socket } from 'node:net';
import { type Caller, type Connection, createCallers, heaviestOf, oldestOf, type Place } from './callers.ts';
import { queueHandshakes } from './handshakes.ts';
import type { InFlight } from './in-flight.ts';
import type { Limits } from './limits.ts';

export interface Connections {
  readonly count: number;
  of(socket: Socket): Connection;
  /** The caller has sent a complete review: it is no stranger any more. */
  recognise(caller: Caller): void;
  /** Answers that are still to be given close their connections. */
  sendAway(): void;
  /** Somebody is connected, or about to be, who has not sent the head of a request yet. */
  readonly unused: boolean;
  /** Ends them all, also those that are still shaking hands. */
  destroyAll(): void;
}

/** Told of each connection that was ended because places run short. */
export type Evicted = (address: string, connections: number) => void;

export interface ConnectionsOptions {
  readonly limits: Limits;
  readonly inFlight: InFlight;
  readonly evicted: Evicted;
}

/**
 * Keeps places free for the API server, because any pod can reach a Service, open connections and say nothing. A
 * stranger may hold `connectionsPerAddress`. It gets more as long as there are places enough: the API server itself is a
 * stranger after a restart, and may begin with a thousand connections at once. When places run short, a stranger that
 * holds more than its share pays for each new connection with its oldest. When they are nearly all taken, by however
 * many addresses, whoever holds most pays.
 */
export function limitConnections(server: Server, { limits, inFlight, evicted }: ConnectionsOptions): Connections {
  const sockets = new Set<Socket>();
  const callers = createCallers();
  const connections = new WeakMap<Socket, Connection>();
  const places = (): IteratorObject<Place> => Iterator.from(callers.all()).flatMap((c) => c.places.values());
  const handshakes = queueHandshakes(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const caller = callers.seat(socket);
    handshakes.add(caller, socket);
    const payer = payerFor(caller);
    if (payer === undefined) return;
    evicted(payer.address, payer.places.size);
    oldestOf(payer)?.destroy();
  });

  function payerFor(caller: Caller): Caller | undefined {
    if (sockets.size > limits.connectionsCrowded) return heaviestOf(callers.all());
    if (sockets.size <= limits.connectionsUnpressed || caller.known) return undefined;
    return caller.places.size > limits.connectionsPerAddress ? caller : undefined;
  }

  return {
    get count() {
      return sockets.size;
    },
    of(socket) {
      let connection = connections.get(socket);
      if (connection === undefined) {
        const caller = callers.of(socket);
        connection = { caller, held: new Map() };
        const place = caller.places.get(socket.remotePort ?? 0);
        if (place !== undefined) place.connection = connection;
        connections.set(socket, connection);
        socket.once('close', giveBackAll.bind(undefined, connection, inFlight));
      }
      return connection;
    },
    recognise: callers.recognise,
    sendAway() {
      for (const { connection } of places()) {
        for (const response of connection?.held.keys() ?? []) {
          if (!response.headersSent) response.setHeader('connection', 'close');
        }
      }
    },
    get unused() {
      return places().some(({ connection }) => connection === undefined);
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function giveBackAll({ held, caller }: Connection, inFlight: InFlight): void {
  for (const bytes of held.values()) inFlight.giveBack(caller.share, bytes);
  held.clear();
}
