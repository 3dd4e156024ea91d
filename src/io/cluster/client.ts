/** What the API server answered; whether the status is good news is for the caller to say. */
export interface ClusterAnswer {
  readonly status: number;
  /** The parsed JSON; for a refusal a `Status` of Kubernetes' `meta/v1`. Undefined where it was no JSON. */
  readonly body: unknown;
  /** What kubectl would print as `Warning:`, unquoted. */
  readonly warnings: readonly string[];
}

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query: `/api/v1/namespaces/shop/secrets/ca`. */
  readonly path: string;
  readonly body?: unknown;
  /** `application/json` unless it is a patch of another kind. */
  readonly contentType?: 'application/json' | 'application/json-patch+json' | 'application/merge-patch+json';
  /** Milliseconds for the whole exchange; 10 s unless told. */
  readonly timeout?: number;
}

/** A Kubernetes API server, asked under one identity. */
export interface ClusterClient extends AsyncDisposable {
  /** Throws SekishoError `ClusterUnreachable` where no complete answer came; a refusal is an answer. */
  request(request: ClusterRequest): Promise<ClusterAnswer>;
  /**
   * The lines of a watch, parsed, until the server ends it (returns) or it breaks (throws `ClusterUnreachable`). A
   * refusal before the first line throws SekishoError `ClusterRefused`; silence beyond `timeoutSeconds` of the query is
   * a break. Once aborted it returns.
   */
  watch(path: string, signal: AbortSignal, listener?: WatchListener): AsyncIterable<WatchEvent>;
}

export interface WatchListener {
  /** The API server has begun the watch: whatever changes from now on will be a line of it. */
  opened(): void;
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** The part of every object that names one version of it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts what authors changed, where the kind has a status of its own. */
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
