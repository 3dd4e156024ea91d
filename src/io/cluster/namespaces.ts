import type { NamespaceSource, NamespaceView } from '../../core/policy/namespace.ts';
import type { ClusterClient } from './client.ts';
import {
  type CollectionObject,
  type CollectionWatch,
  type WatchCollection,
  watchCollection,
} from './collection-watch.ts';
import { namespacesPath } from './namespace-path.ts';
import { createNamespaceReader } from './namespace-reader.ts';
import { isAtLeast } from './resource-version.ts';
import { reportWatch, type WatchObservers } from './watch-report.ts';

/** What is kept of a namespace: there may be ten thousand. */
export interface KnownNamespace {
  readonly view: NamespaceView;
  readonly version: string;
}

/** The namespaces of a cluster: those watched at once, others by asking the API server. */
export interface Namespaces extends NamespaceSource, AsyncDisposable {
  /** Resolves when they were listed once. */
  readonly first: Promise<void>;
}

export interface NamespaceOptions extends WatchObservers {
  readonly client: ClusterClient;
  /** Monotonic, in milliseconds. */
  elapsed(): number;
  readonly watch?: WatchCollection;
}

/** One that was read before the watch told of it, and when. */
interface Passed extends KnownNamespace {
  readonly at: number;
}

/** Until the watch confirms or refutes it, what was read stays so long; only a watch that hangs takes as long. */
const readAgainAfter = 30_000;

/**
 * A pod may be created within the second of its namespace, before the watch has told of that; so what is not known is
 * read. What was read is newer than the watch, and stays until the watch has come to that version: then the watch knows
 * it too, or that it is gone.
 */
export function watchNamespaces(options: NamespaceOptions): Namespaces {
  const { client, elapsed, watch = watchCollection } = options;
  const report = reportWatch('namespaces', options);
  const passed = new Map<string, Passed>();
  const watched: CollectionWatch<KnownNamespace> = watch(client, namespacesPath, {
    ...report,
    keep: (object, before) => knownOf(object, passed.get(object.metadata.name) ?? before),
    changed: () => undefined,
    advanced() {
      report.advanced();
      for (const [name, { version }] of passed) {
        if (watched.version !== undefined && isAtLeast(watched.version, version)) passed.delete(name);
      }
    },
  });
  const known = (name: string): NamespaceView | undefined => (passed.get(name) ?? watched.items.get(name))?.view;
  const reader = createNamespaceReader(client, options);
  const readThrough = async (name: string): Promise<NamespaceView> => {
    const answer = await reader(name);
    if ('missing' in answer) {
      passed.delete(name);
      return known(name) ?? { name, unavailable: 'it does not exist' };
    }
    const last = passed.get(name);
    if ('unavailable' in answer) {
      // What was known last keeps serving while the API server is away, and it is not asked by every request.
      if (last !== undefined) passed.set(name, { ...last, at: elapsed() });
      return known(name) ?? { name, ...answer };
    }
    const read = knownOf(answer.found, last);
    const told = watched.items.get(name);
    if (told !== undefined && isAtLeast(told.version, read.version)) return told.view;
    const overtaken = watched.version !== undefined && isAtLeast(watched.version, read.version);
    if (!overtaken) passed.set(name, { ...read, at: elapsed() });
    return read.view;
  };
  return {
    first: watched.first,
    read(name) {
      const last = passed.get(name);
      if (last !== undefined && elapsed() - last.at >= readAgainAfter) return readThrough(name);
      return known(name) ?? readThrough(name);
    },
    [Symbol.asyncDispose]: () => watched[Symbol.asyncDispose](),
  };
}

/** The same view for as long as the labels are the same: whoever remembers something of it need not forget it. */
function knownOf({ metadata }: CollectionObject, before: KnownNamespace | undefined): KnownNamespace {
  const { name, resourceVersion: version = '' } = metadata;
  // Whatever stands there must not end the list, or nobody would hear of any namespace any more.
  const entries = Object.entries(metadata.labels ?? {});
  const same =
    before?.view.labels?.size === entries.length &&
    entries.every(([key, value]) => before.view.labels?.get(key) === value);
  return { view: same ? before.view : { name, labels: new Map(entries) }, version };
}
