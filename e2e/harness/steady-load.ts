import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../drivers/cluster.ts';
import { type ApiAnswer, type ApiRequest, connectToApiServer } from './api-client.ts';

export interface SteadyLoadOptions {
  readonly cluster: Cluster;
  readonly perSecond: number;
  /** The request of each number, counted from 0. */
  request(number: number): ApiRequest;
}

/** What came of a load. */
export interface LoadOutcome {
  readonly sent: number;
  /** Those that were not answered with 2xx, and why. */
  readonly refused: readonly string[];
}

export interface SteadyLoad {
  /** Waits for the answers that are due. */
  stop(): Promise<LoadOutcome>;
}

/** Asks the API server so many times a second, whether or not answers come. */
export async function startSteadyLoad({ cluster, perSecond, request }: SteadyLoadOptions): Promise<SteadyLoad> {
  const client = await connectToApiServer(cluster, { connections: perSecond });
  const refused: string[] = [];
  const asked: Promise<void>[] = [];
  const note = ({ code, message }: ApiAnswer): void => {
    if (code >= 300) refused.push(`${code} ${message}`);
  };
  const ask = (): void => {
    asked.push(client.send(request(asked.length)).then(note, (error: Error) => void refused.push(error.message)));
  };
  const started = performance.now();
  let running = true;
  const done = (async () => {
    while (running) {
      // As many as are due: a timer that fires late must not make the load lighter.
      const due = ((performance.now() - started) / 1_000) * perSecond;
      while (asked.length < due) ask();
      await sleep(1_000 / perSecond);
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      await Promise.all(asked);
      client[Symbol.dispose]();
      return { sent: asked.length, refused };
    },
  };
}
