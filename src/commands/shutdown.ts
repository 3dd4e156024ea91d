import { messageOf } from '../core/error.ts';
import type { Logger } from '../io/log.ts';

/** What has to end before the process may. */
export interface Running {
  readonly log: Logger;
  /** From now on the API server is to ask somebody else. */
  unready(reason: string): void;
  /** Resolves when nothing is in flight any more. */
  drain(): Promise<void>;
}

/** Whoever does not answer within this is not waited for. */
const drainMilliseconds = 10_000;

/** Ends the process in order: on a signal with 0, after a bug with 1. A second signal ends it at once. */
export function endInOrder({ log, unready, drain }: Running): void {
  let ending = false;
  const end = (reason: string, code: number): void => {
    if (ending) return;
    ending = true;
    unready(reason);
    const timer = setTimeout(() => {
      log.warn({ milliseconds: drainMilliseconds }, 'requests still in flight, not waiting any longer');
      process.exit(code);
    }, drainMilliseconds);
    drain().then(
      () => {
        clearTimeout(timer);
        log.info({ code }, 'stopped');
        process.exit(code);
      },
      () => process.exit(1),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) process.exit(1);
      log.info({ signal }, 'stopping');
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
