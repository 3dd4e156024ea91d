import { messageOf, SekishoError } from '../../core/error.ts';
import type { ClusterClient, ObjectMeta } from './client.ts';
import { listCollection } from './collection-list.ts';
import { metaOf } from './object.ts';
import { refusedEvent, refusedStatus } from './refusal.ts';
import { backOff, briefWatch, jitteredWait, standardPace, timeoutSeconds, type WatchPace } from './watch-pace.ts';

/** An object of a collection, as far as every object is alike. */
export interface CollectionObject {
  readonly metadata: ObjectMeta;
}

/** Whoever follows a collection; only what it keeps is remembered. */
export interface CollectionListener<Item> {
  /** What is kept of an object; `before` is what was kept of its last version. The object itself is forgotten. */
  keep(object: CollectionObject, before: Item | undefined): Item;
  /** `items` are others, all at once: at first, and when they had to be listed anew. Those removed went unseen. */
  listed(removed: readonly string[]): void;
  /** One object is new, another or gone. */
  changed(name: string): void;
  /** `version` is another, and `items` are what there was at it. Told after every other call, and by itself. */
  advanced?(): void;
  /** There is no such collection, which is as good as an empty one; it is looked for again by itself. */
  missing(): void;
  /** The watch broke or was refused; it is tried again by itself, with back-off. */
  failed(error: Error): void;
}

/** All objects of a collection, as they are known; while the API server does not answer they stay as they were. */
export interface CollectionWatch<Item> extends AsyncDisposable {
  /** Resolves when the collection was listed once, or found missing. */
  readonly first: Promise<void>;
  /** By name. Another map after every list, the same one after an event. */
  readonly items: ReadonlyMap<string, Item>;
  /** The resourceVersion that was come to; undefined where there is no collection. */
  readonly version: string | undefined;
}

/** Follows a cluster-scoped collection until it is disposed; the account needs `list` and `watch`. */
export type WatchCollection = <Item>(
  client: ClusterClient,
  path: string,
  listener: CollectionListener<Item>,
) => CollectionWatch<Item>;

/** How soon a collection is asked for again. */
export interface CollectionPace extends WatchPace {
  /** Milliseconds before a collection that does not exist is looked for again. */
  readonly missingWait: number;
}

/** After an outage policies shall not be old for longer than it takes to wonder why. */
const longestWait = 5_000;

/** At the pace of a process that serves. */
export const watchCollection: WatchCollection = createCollectionWatcher({
  ...standardPace,
  longestWait,
  missingWait: 30_000,
});

export function createCollectionWatcher(pace: CollectionPace): WatchCollection {
  return <Item>(client: ClusterClient, path: string, listener: CollectionListener<Item>) => {
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    const known: Known<Item> = { items: new Map(), version: undefined, missing: false, denials: 0 };
    const ended = follow({ client, path, pace, listener, known, signal: stop.signal, found: () => first.resolve() });
    return {
      first: first.promise,
      get items() {
        return known.items;
      },
      get version() {
        return known.version;
      },
      async [Symbol.asyncDispose]() {
        stop.abort();
        await ended;
      },
    };
  };
}

interface Known<Item> {
  items: Map<string, Item>;
  /** Where the next watch goes on. */
  version: string | undefined;
  missing: boolean;
  /** So often it was said to be missing although it has objects. */
  denials: number;
}

interface Following<Item> {
  readonly client: ClusterClient;
  readonly path: string;
  readonly pace: CollectionPace;
  readonly listener: CollectionListener<Item>;
  readonly known: Known<Item>;
  readonly signal: AbortSignal;
  found(): void;
}

/** So many failures after each other, and nobody knows any more whether it is not our version that they come from. */
const failuresToListAfter = 4;

async function follow<Item>(following: Following<Item>): Promise<void> {
  const { signal, pace, known } = following;
  let failures = 0;
  /** Where the watch is to go on; undefined: nowhere, everything has to be listed. */
  let from: string | undefined;
  while (!signal.aborted) {
    const started = performance.now();
    try {
      from ??= await list(following);
      if (from === undefined) {
        failures = 0;
        await jitteredWait(pace.missingWait, pace, signal);
        continue;
      }
      await watchOnce(following, from);
      failures = performance.now() - started < briefWatch ? failures + 1 : 0;
      from = known.version;
    } catch (thrown) {
      if (signal.aborted) return;
      // 410 Gone: the version is no longer remembered. That happens to every watch that was away for some minutes.
      const expired = refusedStatus(thrown) === 410 && from !== undefined && failures === 0;
      if (!expired) following.listener.failed(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
      failures++;
      // Where only the connection broke, the API server still knows what happened since.
      const broke = thrown instanceof SekishoError && thrown.code === 'ClusterUnreachable';
      from = broke && failures < failuresToListAfter && from !== undefined ? known.version : undefined;
      if (expired) continue;
    }
    if (failures > 0) await backOff(pace, failures, signal);
  }
}

/** So often a collection that has objects is to be missing before that is believed. */
const denialsToBelieve = 3;

/** Everything, put in place at once; returns its version. Undefined where there is no such collection. */
async function list<Item>({ client, path, signal, known, listener, found }: Following<Item>) {
  const items = new Map<string, Item>();
  const page = (objects: readonly unknown[]): void => {
    for (const object of objects) keep(items, object, { known, listener });
  };
  const end = await listCollection({ client, path, signal, page });
  // Of two API servers one may not have heard of a new kind. Where a kind really goes its objects are deleted first.
  if (end === undefined && known.items.size > 0 && ++known.denials < denialsToBelieve) {
    throw new SekishoError('ClusterRefused', `list ${path}: 404, though it has ${known.items.size} objects`);
  }
  known.denials = 0;
  if (signal.aborted) return undefined;
  const removed = [...known.items.keys()].filter((name) => !items.has(name));
  known.items = items;
  known.version = end?.version;
  if (end === undefined && !known.missing) listener.missing();
  if (end !== undefined || !known.missing) listener.listed(removed);
  known.missing = end === undefined;
  listener.advanced?.();
  found();
  return end?.version;
}

/** One watch to its end, or until it breaks; what it said holds either way. */
async function watchOnce<Item>({ client, path, pace, signal, known, listener }: Following<Item>, from: string) {
  const query = new URLSearchParams({
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: from,
    timeoutSeconds: timeoutSeconds(pace),
  });
  for await (const event of client.watch(`${path}?${query}`, signal)) {
    if (signal.aborted) return;
    if (event.type === 'ERROR') throw refusedEvent(event, path);
    const meta = metaOf(event.object);
    if (event.type === 'DELETED' && meta !== undefined) known.items.delete(meta.name);
    else if (event.type !== 'BOOKMARK') keep(known.items, event.object, { known, listener });
    known.version = meta?.resourceVersion ?? known.version;
    if (event.type !== 'BOOKMARK' && meta !== undefined) listener.changed(meta.name);
    listener.advanced?.();
  }
}

function keep<Item>(
  items: Map<string, Item>,
  object: unknown,
  { known, listener }: Pick<Following<Item>, 'known' | 'listener'>,
): void {
  const name = metaOf(object)?.name;
  if (name === undefined) throw new SekishoError('ClusterRefused', 'the API server told of an object without a name');
  items.set(name, listener.keep(object as CollectionObject, known.items.get(name)));
}
