import { type Limits, largeBodyBytes } from './limits.ts';

/** What one address holds of what is in flight. */
export interface Share {
  requests: number;
  bytes: number;
  largeBytes: number;
}

/**
 * Nobody gets more than this many times what would still be free for all others. One address alone may hold four
 * fifths, two may hold four ninths each, and so on: there is always room for one more. Any pod can announce bodies and
 * send them slowly.
 */
const timesFree = 4;

/** Requests and bytes of bodies that are received in part or whole and not yet answered. */
export interface InFlight {
  readonly requests: number;
  /** False: there is no room, and nothing was taken. */
  take(share: Share, bytes: number): boolean;
  giveBack(share: Share, bytes: number): void;
  /** Resolves as soon as nothing is in flight. */
  empty(): Promise<void>;
}

export function createInFlight(limits: Limits): InFlight {
  const all: Share = { requests: 0, bytes: 0, largeBytes: 0 };
  let waiting: (() => void)[] = [];
  return {
    get requests() {
      return all.requests;
    },
    take(share, bytes) {
      if (!fits(share.requests, 1, limits.inflightRequests - all.requests)) return false;
      if (!fits(share.bytes, bytes, limits.inflightBytes - all.bytes)) return false;
      const large = bytes > largeBodyBytes;
      if (large && !fits(share.largeBytes, bytes, limits.inflightLargeBytes - all.largeBytes)) return false;
      add(all, 1, bytes);
      add(share, 1, bytes);
      return true;
    },
    giveBack(share, bytes) {
      add(all, -1, -bytes);
      add(share, -1, -bytes);
      if (all.requests > 0 || waiting.length === 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    empty: () => (all.requests === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function fits(held: number, more: number, free: number): boolean {
  return more <= free && held + more <= timesFree * free;
}

function add(share: Share, requests: 1 | -1, bytes: number): void {
  share.requests += requests;
  share.bytes += bytes;
  if (Math.abs(bytes) > largeBodyBytes) share.largeBytes += bytes;
}
