import type { Bell } from '../bell.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { watchCollection } from '../cluster/collection-watch.ts';
import { cut, type Logger } from '../log.ts';
import type { Seen, StatusKind } from './kinds.ts';

/** All objects of a kind, as they are known. */
export interface Followed<Value> extends AsyncDisposable {
  readonly kind: StatusKind<Value>;
  /** Whether there was an answer once to what there is. */
  readonly listed: boolean;
  all(): readonly Seen<Value>[];
  /** The version of an object that the watch told last. */
  told(name: string): string | undefined;
  /** What an object is, where the watch has told nothing since `told`: it has yet to tell this. */
  know(told: string | undefined, now: Seen<Value> | undefined): void;
}

export interface FollowOptions {
  readonly client: ClusterClient;
  readonly log: Logger;
  /** Rung whenever something is another. */
  readonly bell: Bell;
}

export function followKind<Value>(kind: StatusKind<Value>, { client, log, bell }: FollowOptions): Followed<Value> {
  /** By name: what is known beyond the version that the watch has told. */
  const ahead = new Map<string, { readonly beyond: string; readonly seen: Seen<Value> }>();
  let listed = false;
  let failing = false;
  const watch = watchCollection<Seen<Value>>(client, kind.path, {
    keep: (object, before) => kind.see(object, before),
    listed: bell.ring,
    changed(name) {
      if (!watch.items.has(name)) ahead.delete(name);
      bell.ring();
    },
    missing: bell.ring,
    advanced() {
      failing = false;
    },
    failed({ message }) {
      const facts = { kind: kind.kind, reason: cut(message) };
      if (failing) log.debug(facts, 'still not followed');
      else log.warn(facts, 'cannot be followed, its status waits');
      failing = true;
    },
  });
  void watch.first.then(() => {
    listed = true;
    bell.ring();
  });
  const latest = (told: Seen<Value>): Seen<Value> => {
    const further = ahead.get(told.name);
    if (further?.beyond === told.version) return further.seen;
    if (further !== undefined) ahead.delete(told.name);
    return told;
  };
  return {
    kind,
    get listed() {
      return listed;
    },
    all: () => [...watch.items.values()].map(latest),
    told: (name) => watch.items.get(name)?.version,
    know(told, now) {
      if (told === undefined || now === undefined || now.version === told) return;
      // Told of anything else meanwhile, that may be the newer: then what is known here is forgotten.
      if (watch.items.get(now.name)?.version === told) ahead.set(now.name, { beyond: told, seen: now });
    },
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}
