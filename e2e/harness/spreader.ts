import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { disposed, watchUntilDisposed } from './unfinished.ts';

/** One address in front of several, as a Service is: connection by connection, in turn. TLS passes through. */
export interface Spreader extends AsyncDisposable {
  readonly port: number;
  /** How many connections each target was given. */
  readonly given: readonly number[];
  spreadOver(ports: readonly number[]): void;
}

export async function startSpreader(): Promise<Spreader> {
  let targets: readonly number[] = [];
  const given: number[] = [];
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((caller) => {
    const index = turn++ % Math.max(1, targets.length);
    const port = targets[index];
    if (port === undefined) {
      caller.destroy();
      return;
    }
    given[index] = (given[index] ?? 0) + 1;
    const callee = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
      socket.pipe(other);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const spreader: Spreader = {
    port: (server.address() as AddressInfo).port,
    given,
    spreadOver(ports) {
      targets = ports;
    },
    async [Symbol.asyncDispose]() {
      disposed(spreader);
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  watchUntilDisposed(spreader);
  return spreader;
}
