import { join } from 'node:path';
import { freePort } from '../e2e/drivers/free-port.ts';
import type { Scratch } from './scratch.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** A server that is up. */
export interface Listening {
  readonly process: ServerProcess;
  readonly port: number;
}

export async function startBare({ cert, key }: Scratch, flags: readonly string[] = []): Promise<Listening> {
  const port = await freePort();
  const program = join(import.meta.dirname, 'bare-server.ts');
  const server = startServer([process.execPath, ...flags, program, cert, key, String(port)]);
  await server.whenReady(`https://127.0.0.1:${port}/`);
  return { process: server, port };
}
