import { messageOf } from '../../core/error.ts';
import { createAllowance } from './allowance.ts';
import type { ClusterClient } from './client.ts';
import type { CollectionObject } from './collection-watch.ts';
import { namespacePath } from './namespace-path.ts';
import { metaOf } from './object.ts';
import { reasonOf } from './refusal.ts';
import type { WatchObservers } from './watch-report.ts';

/** What the API server says of a namespace. */
export type NamespaceAnswer =
  | { readonly found: CollectionObject }
  | { readonly missing: true }
  /** Why nobody can say, in words for whoever applied something. */
  | { readonly unavailable: string };

const missing: NamespaceAnswer = { missing: true };

/** Milliseconds: whoever waits for a verdict waits for this too. */
const deadline = 1_000;

/** At once. Any pod may call us and name namespaces; that must not become as many questions to the API server. */
const mostAtOnce = 32;

/**
 * One after the other: an answer takes two milliseconds, so those at once would be ten thousand in a second. Who creates
 * namespaces, and pods before the watch has told of them, does not come near.
 */
const most = { atOnce: 1_000, perSecond: 100 } as const;

const tooMany = 'too many namespaces are being read';

/** Milliseconds between two lines of the log that say the same. */
const quiet = 60_000;

export interface ReaderOptions extends Pick<WatchObservers, 'log'> {
  elapsed(): number;
}

/** Reads a namespace, once for all who ask meanwhile. Never rejects. */
export function createNamespaceReader(
  client: ClusterClient,
  { log, elapsed }: ReaderOptions,
): (name: string) => Promise<NamespaceAnswer> {
  const reading = new Map<string, Promise<NamespaceAnswer>>();
  const told = new Map<string, number>();
  const allowance = createAllowance({ ...most, elapsed });
  const failed = (why: string, reason: string): NamespaceAnswer => {
    if (elapsed() >= (told.get(why) ?? Number.NEGATIVE_INFINITY)) {
      told.set(why, elapsed() + quiet);
      log.warn({ reason }, 'namespace cannot be read');
    }
    return { unavailable: why };
  };
  const read = async (name: string, path: string): Promise<NamespaceAnswer> => {
    try {
      const { status, body } = await client.request({ method: 'GET', path, timeout: deadline });
      if (status === 200 && metaOf(body)?.name === name) return { found: body as CollectionObject };
      if (status === 404) return missing;
      return failed(`the API server answered ${status}`, `get ${path}: ${status}: ${reasonOf(body)}`);
    } catch (thrown) {
      return failed('the API server did not answer', messageOf(thrown));
    }
  };
  return (name) => {
    const path = namespacePath(name);
    if (path === undefined) return Promise.resolve(missing);
    const known = reading.get(name);
    if (known !== undefined) return known;
    if (reading.size >= mostAtOnce || !allowance.take()) {
      return Promise.resolve(
        failed(tooMany, 'more than the API server is to be asked about: does somebody make them up?'),
      );
    }
    const answer = read(name, path).finally(() => reading.delete(name));
    reading.set(name, answer);
    return answer;
  };
}
