import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Share } from './in-flight.ts';

/** What is remembered of one connection while it lives. */
export interface Connection {
  readonly caller: Caller;
  /** What its unanswered requests hold, so that it is given back even where no response ever ends. */
  readonly held: Map<ServerResponse, number>;
}

/** A TCP connection, and once it has sent the head of a request what is remembered of it. */
export interface Place {
  readonly socket: Socket;
  connection: Connection | undefined;
}

/** Everything that comes from one address. */
export interface Caller {
  readonly address: string;
  /** What all its unanswered requests hold. */
  readonly share: Share;
  /** By remote port, oldest first. */
  readonly places: Map<number, Place>;
  /** It has sent a complete review. */
  known: boolean;
}

export interface Callers {
  /** Whoever the socket comes from. */
  of(socket: Socket): Caller;
  /** Gives the socket a place until it closes. */
  seat(socket: Socket): Caller;
  recognise(caller: Caller): void;
  all(): Iterable<Caller>;
}

/** So many addresses are remembered; the oldest is forgotten and may introduce itself again. */
const addressesRemembered = 1_024;

export function createCallers(): Callers {
  const callers = new Map<string, Caller>();
  const recognised = new Set<string>();
  const of = (socket: Socket): Caller => {
    const address = addressOf(socket);
    const share = { requests: 0, bytes: 0, largeBytes: 0 };
    return callers.get(address) ?? { address, share, places: new Map(), known: recognised.has(address) };
  };
  return {
    of,
    seat(socket) {
      const caller = of(socket);
      const { address, places } = caller;
      callers.set(address, caller);
      // The port is unknown where the other side has gone already.
      const port = socket.remotePort ?? -places.size;
      const place: Place = { socket, connection: undefined };
      places.set(port, place);
      socket.once('close', () => {
        if (places.get(port) === place) places.delete(port);
        if (places.size === 0 && callers.get(address) === caller) callers.delete(address);
      });
      return caller;
    },
    recognise(caller) {
      caller.known = true;
      recognised.delete(caller.address);
      recognised.add(caller.address);
      if (recognised.size > addressesRemembered) recognised.delete(recognised.values().next().value ?? '');
    },
    all: () => callers.values(),
  };
}

/** A socket that listens for IPv6 too writes IPv4 addresses its own way. */
function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
}

/** Any pod may send a review and be known; being known only counts for something, because the API server may need many. */
const weightOfKnown = 0.25;

/** Who holds most connections. */
export function heaviestOf(callers: Iterable<Caller>): Caller | undefined {
  let heaviest: Caller | undefined;
  let most = 0;
  for (const caller of callers) {
    const weight = caller.places.size * (caller.known ? weightOfKnown : 1);
    if (weight > most) {
      heaviest = caller;
      most = weight;
    }
  }
  return heaviest;
}

/** The oldest connection that has no request under way, or simply the oldest. */
export function oldestOf({ places }: Caller): Socket | undefined {
  const idle = places.values().find(({ connection }) => connection === undefined || connection.held.size === 0);
  return (idle ?? places.values().next().value)?.socket;
}
