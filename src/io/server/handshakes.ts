import type { Server, Socket } from 'node:net';
import type { Caller } from './callers.ts';

export interface Handshakes {
  /** The TLS layer gets the connection when its caller's turn has come. */
  add(caller: Caller, socket: Socket): void;
}

/** Whoever waits gets a handshake after so long, though others still come. */
const acceptingMilliseconds = 5;

/**
 * Takes the connections of a server from its TLS layer and gives them back one by one, so that whoever comes with a
 * thousand at once waits for its own thousand, and nobody else does.
 *
 * The event loop accepts one connection a round (libuv's pull request 3696). With a handshake in every round the rest
 * waits in the kernel's queue, where everybody stands behind those who came first. So accepting goes before shaking
 * hands, and callers take turns.
 */
export function queueHandshakes(server: Server): Handshakes {
  const tlsListeners = server.listeners('connection');
  server.removeAllListeners('connection');
  const waiting = new Map<Caller, Set<Socket>>();
  let accepted = false;
  let latest = 0;

  function round(): void {
    const now = performance.now();
    const acceptsFirst = accepted && now - latest <= acceptingMilliseconds;
    accepted = false;
    const socket = acceptsFirst ? undefined : next();
    // Before the handshake: whatever it throws, those who wait get theirs.
    if (waiting.size > 0) setImmediate(round);
    if (socket === undefined) return;
    latest = now;
    for (const listener of tlsListeners) listener.call(server, socket);
  }

  function next(): Socket | undefined {
    for (const [caller, sockets] of waiting) {
      // Behind everybody else, if it has more.
      waiting.delete(caller);
      for (const socket of sockets) {
        sockets.delete(socket);
        if (socket.destroyed) continue;
        if (sockets.size > 0) waiting.set(caller, sockets);
        return socket;
      }
    }
    return undefined;
  }

  return {
    add(caller, socket) {
      if (waiting.size === 0) setImmediate(round);
      accepted = true;
      const sockets = waiting.get(caller);
      if (sockets === undefined) waiting.set(caller, new Set([socket]));
      else sockets.add(socket);
    },
  };
}
