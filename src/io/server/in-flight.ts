import { type Limits, largeBodyBytes } from './limits.ts';

/** Requests and bytes of bodies that are received in part or whole and not yet answered. */
export interface InFlight {
  readonly requests: number;
  /** False: there is no room, and nothing was taken. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  /** Resolves as soon as nothing is in flight. */
  empty(): Promise<void>;
}

export function createInFlight(limits: Limits): InFlight {
  let requests = 0;
  let bytesTaken = 0;
  let largeBytesTaken = 0;
  let waiting: (() => void)[] = [];
  return {
    get requests() {
      return requests;
    },
    take(bytes) {
      const large = bytes > largeBodyBytes ? bytes : 0;
      if (requests >= limits.inflightRequests || bytesTaken + bytes > limits.inflightBytes) return false;
      if (large > 0 && largeBytesTaken + large > limits.inflightLargeBytes) return false;
      requests++;
      bytesTaken += bytes;
      largeBytesTaken += large;
      return true;
    },
    giveBack(bytes) {
      requests--;
      bytesTaken -= bytes;
      if (bytes > largeBodyBytes) largeBytesTaken -= bytes;
      if (requests > 0 || waiting.length === 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    empty: () => (requests === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
