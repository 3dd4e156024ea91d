import type { Server, Socket } from 'node:net';
import type { InFlight } from './in-flight.ts';

/** What is remembered of one connection while it lives. */
export interface Connection {
  readonly address: string;
  /** What its unanswered requests hold, so that it is given back even where no response ever ends. */
  readonly held: Map<object, number>;
  known: boolean;
}

export interface Connections {
  of(socket: Socket): Connection;
  /** The address has sent a complete review: the limit for strangers no longer applies to it. */
  recognise(connection: Connection): void;
  /** Ends them all, also those that are still shaking hands. */
  destroyAll(): void;
}

/** So many addresses are remembered; the oldest is forgotten and may introduce itself again. */
const addressesRemembered = 1_024;

/**
 * Counts connections for each remote address. A stranger gets a share of the places, so that whoever opens connections
 * and says nothing (any pod can reach a Service) does not lock out the API server.
 */
export function limitConnections(server: Server, perAddress: number, inFlight: InFlight): Connections {
  const open = new Map<string, number>();
  const sockets = new Set<Socket>();
  const recognised = new Set<string>();
  const connections = new WeakMap<Socket, Connection>();
  // Before the TLS layer's own listener: what is destroyed here never costs a handshake.
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > perAddress && !recognised.has(address)) socket.destroy();
  });
  return {
    of(socket) {
      let connection = connections.get(socket);
      if (connection === undefined) {
        const { remoteAddress: address = '' } = socket;
        connection = { address, held: new Map(), known: recognised.has(address) };
        connections.set(socket, connection);
        socket.once('close', giveBackAll.bind(undefined, connection, inFlight));
      }
      return connection;
    },
    recognise(connection) {
      connection.known = true;
      recognised.delete(connection.address);
      recognised.add(connection.address);
      if (recognised.size > addressesRemembered) recognised.delete(recognised.values().next().value ?? '');
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function giveBackAll({ held }: Connection, inFlight: InFlight): void {
  for (const bytes of held.values()) inFlight.giveBack(bytes);
  held.clear();
}
