import type { ClusterClient } from './client.ts';

/** One object whose state is followed; the account needs `get` and `watch` for its name, not `list`. */
export interface WatchedObject {
  /** Of its collection: `/api/v1/namespaces/sekisho/secrets`. */
  readonly collection: string;
  readonly name: string;
}

export interface ObjectListener {
  /** Its state when the watch began, and after every change; undefined while it does not exist. */
  seen(object: unknown): void;
  /** The watch broke or was refused; it is tried again by itself, with back-off. */
  failed(error: Error): void;
}

export interface ObjectWatch extends AsyncDisposable {
  /** Resolves after the first `seen`. */
  readonly first: Promise<void>;
}

/** Follows one object of a cluster until it is disposed. */
export type WatchObject = (client: ClusterClient, object: WatchedObject, listener: ObjectListener) => ObjectWatch;
