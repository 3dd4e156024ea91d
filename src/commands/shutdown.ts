import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../core/error.ts';
import type { Logger } from '../io/log.ts';

/** What has to end before the process may. */
export interface Running {
  readonly log: Logger;
  /** Milliseconds for which callers may still come, because they learn late that this replica goes. */
  readonly delay: number;
  /** From now on the API server is to ask somebody else. */
  unready(reason: string): void;
  /** Whoever is answered from now on is to connect anew, and by then to somebody else. */
  sendAway(): void;
  /** Resolves when nothing is under way any more. */
  drain(): Promise<void>;
  /** The line of the log that says what is still under way when it is waited for no longer. */
  readonly undrained: string;
}

/** The API server's `timeoutSeconds` of 10 s and a bit: nobody waits for a later answer. */
const drainMilliseconds = 12_000;

/** Who connects at the end of the delay waits to be accepted, and would be reset with the socket that listens. */
const lastCallMilliseconds = 500;

/** Ends the process in order: on a signal with 0, after a bug with 1. A second signal ends it at once. */
export function endInOrder(running: Running): void {
  const { log } = running;
  let ending = false;
  let signalled = false;
  const end = (reason: string, code: number): void => {
    if (ending) return;
    ending = true;
    leave(running, reason).then(
      (drained) => {
        if (drained) log.info({ code }, 'stopped');
        else log.warn({ milliseconds: drainMilliseconds }, running.undrained);
        process.exit(code);
      },
      () => process.exit(1),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (signalled) process.exit(1);
      signalled = true;
      log.info({ signal, delay: running.delay }, 'stopping');
      end('stopping', 0);
    });
  }
  const fail = (thrown: unknown): void => {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    log.error({ error: { message: messageOf(thrown), stack } }, 'stopping after an unexpected error');
    end('failed', 1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

/** False: something is still under way and is not waited for. */
async function leave({ delay, unready, sendAway, drain }: Running, reason: string): Promise<boolean> {
  unready(reason);
  sendAway();
  await sleep(delay === 0 ? 0 : delay + lastCallMilliseconds);
  return Promise.race([drain().then(() => true), sleep(drainMilliseconds, false)]);
}
