import { SekishoError } from '../../core/error.ts';
import type { ClusterClient } from './client.ts';
import { refusal } from './refusal.ts';

/** What a list says beside its objects. */
export interface ListEnd {
  /** Where a watch of the same collection goes on. */
  readonly version: string;
}

export interface Listing {
  readonly client: ClusterClient;
  /** Of the collection: `/api/v1/namespaces`. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** One page after the other, so that not the whole collection lies in memory with everything that nobody keeps. */
  page(objects: readonly unknown[]): void;
}

/** What client-go asks for. */
const pageLength = 500;

/**
 * All objects of a collection as they were at one moment, in pages. Undefined where the API server serves no such
 * collection. Throws where the list did not come to its end; what pages said until then is worth nothing.
 */
export async function listCollection(listing: Listing): Promise<ListEnd | undefined> {
  const { client, path, page, signal } = listing;
  let limit = pageLength;
  let next = '';
  let version: string | undefined;
  while (!signal.aborted) {
    const query = new URLSearchParams({ limit: String(limit), ...(next !== '' && { continue: next }) });
    const answer = await client.request({ method: 'GET', path: `${path}?${query}` }).catch(tooLong);
    if (answer === 'too long' && limit > 1) {
      // Whoever may annotate many namespaces makes pages as long as they like: shorter pages, not no list.
      limit = Math.ceil(limit / 8);
      continue;
    }
    if (answer === 'too long') throw new SekishoError('ClusterUnreachable', `list ${path}: an object is too long`);
    if (answer.status === 404 && next === '') return undefined;
    const { items, metadata } = answer.body as { items?: unknown; metadata?: ListMeta };
    if (answer.status !== 200 || !Array.isArray(items) || !metadata?.resourceVersion) {
      throw refusal(`list ${path}`, answer);
    }
    page(items);
    version ??= metadata.resourceVersion;
    next = metadata.continue ?? '';
    if (next === '') return { version };
  }
  throw new SekishoError('ClusterUnreachable', `list ${path}: stopped`);
}

interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
}

function tooLong(thrown: unknown): 'too long' {
  const cause = thrown instanceof SekishoError ? thrown.cause : undefined;
  if (cause instanceof SekishoError && cause.code === 'AnswerTooLong') return 'too long';
  throw thrown;
}
