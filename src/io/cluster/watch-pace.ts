import { setTimeout as sleep } from 'node:timers/promises';

/** How long watches are, and how soon one is tried again. */
export interface WatchPace {
  /** From 0 to 1. */
  random(): number;
  /** Of one watch. Short, because a half-open connection is found no earlier than a watch should have ended. */
  readonly seconds: number;
  /** Milliseconds before the first attempt after a failure; twice as long after every further one, up to the longest. */
  readonly shortestWait: number;
  readonly longestWait: number;
}

/** Of every watch, unless a test is in a hurry. */
export const standardPace: WatchPace = { random: Math.random, seconds: 45, shortestWait: 500, longestWait: 15_000 };

/** A watch that ends sooner was not ended by its timeout: whoever ends it so must not be asked again and again. */
export const briefWatch = 1_000;

/** How long the next watch is to be, for its query; never the same twice, so that watches do not end together. */
export function timeoutSeconds({ seconds, random }: WatchPace): string {
  return String(Math.ceil(seconds * (1 + random() / 3)));
}

/** Waits before the next attempt, longer after every failure. */
export function backOff(pace: WatchPace, failures: number, signal: AbortSignal): Promise<void> {
  return jitteredWait(Math.min(pace.longestWait, pace.shortestWait * 2 ** Math.min(failures - 1, 16)), pace, signal);
}

/** Jittered, so that replicas which lost the API server together do not come back together. */
export async function jitteredWait(wait: number, { random }: WatchPace, signal: AbortSignal): Promise<void> {
  await sleep(wait * (0.5 + random() / 2), undefined, { signal }).catch(() => undefined);
}
