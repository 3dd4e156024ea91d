import { setTimeout as wait } from 'node:timers/promises';

/** Two clocks: one to show to others, which may be set back or forward; one to measure by, which may not. */
export interface Clock {
  wall(): Date;
  /** Milliseconds since some moment. */
  monotonic(): number;
  /** Returns early where the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls once, unless disposed before. */
  after(milliseconds: number, call: () => void): Disposable;
}

export const systemClock: Clock = {
  wall: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, signal && { signal }).catch(() => undefined),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
