import { messageOf } from '../../core/error.ts';
import type { ClusterClient } from './client.ts';
import { linkedAbort } from './linked-abort.ts';
import { type ClusterObject, metaOf, pathOf, readObject } from './object.ts';
import { refusedEvent, refusedStatus } from './refusal.ts';
import { backOff, briefWatch, standardPace, timeoutSeconds, type WatchPace } from './watch-pace.ts';

/** Whoever follows an object. */
export interface ObjectListener {
  /** Its state when the watch began, and after every change; undefined while it does not exist. */
  seen(object: unknown): void;
  /** The watch broke or was refused; it is tried again by itself, with back-off. */
  failed(error: Error): void;
}

/** An object that is followed until it is disposed. */
export interface ObjectWatch extends AsyncDisposable {
  /** Resolves after the first `seen`. */
  readonly first: Promise<void>;
}

/** Follows one object of a cluster until it is disposed; the account needs `get` and `watch` for its name, not `list`. */
export type WatchObject = (client: ClusterClient, object: ClusterObject, listener: ObjectListener) => ObjectWatch;

/** At the pace of a process that serves. */
export const watchObject: WatchObject = createObjectWatcher(standardPace);

export function createObjectWatcher(pace: WatchPace): WatchObject {
  return (client, object, listener) => {
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    const following: Following = {
      client,
      object,
      pace,
      signal: stop.signal,
      failed: (error) => listener.failed(error),
      ...createSight((state) => {
        listener.seen(state);
        first.resolve();
      }),
    };
    const ended = follow(following);
    return {
      first: first.promise,
      async [Symbol.asyncDispose]() {
        stop.abort();
        await ended;
      },
    };
  };
}

/** What was seen last: the same version is told once. */
interface Sight {
  see(state: unknown): void;
  /** Counts the states seen, also those not told. */
  count(): number;
}

interface Following extends Sight {
  readonly client: ClusterClient;
  readonly object: ClusterObject;
  readonly pace: WatchPace;
  readonly signal: AbortSignal;
  failed(error: Error): void;
}

function createSight(tell: (state: unknown) => void): Sight {
  let last: string | undefined;
  let count = 0;
  return {
    see(state) {
      count++;
      const version = state === undefined ? 'missing' : metaOf(state)?.resourceVersion;
      if (version !== undefined && version === last) return;
      last = version;
      tell(state);
    },
    count: () => count,
  };
}

async function follow(following: Following): Promise<void> {
  const { signal } = following;
  let failures = 0;
  /** Where the next watch goes on; undefined: nowhere, the state has to be got anew. */
  let version: string | undefined;
  while (!signal.aborted) {
    const started = performance.now();
    try {
      version = await watchOnce(following, version);
      failures = performance.now() - started < briefWatch ? failures + 1 : 0;
    } catch (thrown) {
      if (signal.aborted) return;
      // 410 Gone: the version is no longer remembered. That happens to every watch that was away for some minutes.
      const expired = refusedStatus(thrown) === 410 && version !== undefined;
      if (!expired) following.failed(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
      if (!expired) failures++;
      version = undefined;
    }
    if (failures > 0) await backOff(following.pace, failures, signal);
  }
}

/**
 * One watch to its end; returns the version it came to. Not begun at the version of the object that was got: an object
 * at rest has one that the API server forgot long ago (410 again and again), and a missing one has none. Begun at
 * "now" instead, and what happened between getting and watching is found by getting once more.
 */
async function watchOnce(following: Following, from: string | undefined): Promise<string | undefined> {
  const { client, object, see } = following;
  if (from === undefined) see(await readObject(client, object));
  using watching = linkedAbort(following.signal);
  let failure: unknown;
  const opened = (): void => {
    if (from !== undefined) return;
    lookAgain(following).catch((thrown: unknown) => {
      failure = thrown;
      watching.abort();
    });
  };
  let version = from;
  for await (const event of client.watch(queryOf(following, from), watching.signal, { opened })) {
    if (event.type === 'ERROR') throw refusedEvent(event, pathOf(object));
    const meta = metaOf(event.object);
    version = meta?.resourceVersion ?? version;
    if (event.type === 'BOOKMARK' || meta?.name !== object.name) continue;
    see(event.type === 'DELETED' ? undefined : event.object);
  }
  if (failure !== undefined) throw failure;
  return version;
}

async function lookAgain({ client, object, see, count, signal }: Following): Promise<void> {
  const before = count();
  const state = await readObject(client, object);
  // What the watch has said meanwhile is as new, or newer.
  if (count() === before && !signal.aborted) see(state);
}

function queryOf({ object, pace }: Following, from: string | undefined): string {
  const query = new URLSearchParams({
    watch: '1',
    fieldSelector: `metadata.name=${object.name}`,
    allowWatchBookmarks: 'true',
    timeoutSeconds: timeoutSeconds(pace),
  });
  if (from !== undefined) query.set('resourceVersion', from);
  return `${object.collection}?${query}`;
}
