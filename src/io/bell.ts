import { type Clock, systemClock } from './clock.ts';

/** Wakes whoever waits between two looks. */
export interface Bell {
  /** Also heard by the next one who waits, if nobody does now. */
  ring(): void;
  /** Resolves when it rings, when the time is over, or when the signal is aborted. */
  wait(milliseconds: number): Promise<void>;
}

export function createBell(signal: AbortSignal, { after }: Pick<Clock, 'after'> = systemClock): Bell {
  let rung = false;
  let wake = (): void => undefined;
  const ring = (): void => {
    rung = true;
    wake();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    async wait(milliseconds) {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        using _timer = after(milliseconds, resolve);
        await promise;
      }
      rung = signal.aborted;
    },
  };
}
