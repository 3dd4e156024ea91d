import type { Server, Socket } from 'node:net';
import type { InFlight } from './in-flight.ts';
import type { Limits } from './limits.ts';

/** What is remembered of one connection while it lives. */
export interface Connection {
  readonly address: string;
  /** What its unanswered requests hold, so that it is given back even where no response ever ends. */
  readonly held: Map<object, number>;
  known: boolean;
}

export interface Connections {
  of(socket: Socket): Connection;
  /** The address has sent a complete review: it is no stranger any more. */
  recognise(connection: Connection): void;
  /** Ends them all, also those that are still shaking hands. */
  destroyAll(): void;
}

/** So many addresses are remembered; the oldest is forgotten and may introduce itself again. */
const addressesRemembered = 1_024;

/**
 * Keeps places free for the API server, because any pod can reach a Service, open connections and say nothing. A
 * stranger may hold `connectionsPerAddress`. It gets more as long as there are places enough: the API server itself is a
 * stranger after a restart, and may begin with a thousand connections at once. When places run short, a stranger that
 * holds more than its share pays for each new connection with its oldest.
 */
export function limitConnections(server: Server, limits: Limits, inFlight: InFlight): Connections {
  const sockets = new Set<Socket>();
  const byAddress = new Map<string, Set<Socket>>();
  const recognised = new Set<string>();
  const connections = new WeakMap<Socket, Connection>();
  // Before the TLS layer's own listener, so that the oldest goes before the newest costs a handshake.
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const own = byAddress.get(address) ?? new Set();
    byAddress.set(address, own.add(socket));
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      own.delete(socket);
      if (own.size === 0 && byAddress.get(address) === own) byAddress.delete(address);
    });
    const short = sockets.size > limits.connectionsUnpressed;
    if (short && own.size > limits.connectionsPerAddress && !recognised.has(address)) {
      own.values().next().value?.destroy();
    }
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
