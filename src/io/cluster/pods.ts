import type { PodPage, PodSource } from '../../core/engine/refused-pods.ts';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { Logger } from '../log.ts';
import { createAllowance } from './allowance.ts';
import type { ClusterClient } from './client.ts';
import { namespacePath } from './namespace-path.ts';
import { metaOf } from './object.ts';
import { refusal, refusedStatus } from './refusal.ts';

/** Upstream's `defaultNamespaceMaxPodsToCheck` and `defaultNamespacePodCheckTimeout` (admission/admission.go). */
const mostPods = 3_000;
const deadline = 1_000;

/** So many are judged between two looks at what else there is to do. */
const pageLength = 200;

/** Any pod may call us and pretend that a namespace changed; that must not become as many lists. */
const mostAtOnce = 4;

/** One after the other; whoever labels every namespace of a large cluster does it at this pace, or is told of fewer. */
const most = { atOnce: 100, perSecond: 20 } as const;

/** Milliseconds between two lines of the log that say so. */
const quiet = 60_000;

export interface PodsOptions {
  readonly client: ClusterClient;
  readonly log: Logger;
  elapsed(): number;
}

/**
 * Reads the pods of a namespace, within a second. Only for whoever knows the uid of the namespace: names of pods are
 * none of the business of a caller that made the namespace's update up.
 */
export function createPodSource({ client, log, elapsed }: PodsOptions): PodSource {
  const allowance = createAllowance({ ...most, elapsed });
  let reading = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  const report = (thrown: unknown): void => {
    if (elapsed() < quietUntil) return;
    quietUntil = elapsed() + quiet;
    log.warn({ reason: messageOf(thrown) }, 'pods of a namespace cannot be listed');
  };
  return {
    async *pages({ name, uid }) {
      if (reading >= mostAtOnce || !allowance.take())
        throw new SekishoError('ClusterUnreachable', 'too many pods are being listed');
      reading++;
      try {
        const ends = elapsed() + deadline;
        const remaining = (): number => Math.max(1, Math.round(ends - elapsed()));
        const path = namespacePath(name);
        if (path === undefined) throw strange();
        await requireUid(client, { path, uid }, remaining());
        yield* pagesOf(`${path}/pods`, client, remaining);
      } catch (thrown) {
        report(thrown);
        throw inOurWords(thrown);
      } finally {
        reading--;
      }
    },
  };
}

/** For whoever changed the namespace: where the API server stands, and what it thinks of us, is not theirs to know. */
function inOurWords(thrown: unknown): SekishoError {
  if (thrown instanceof SekishoError && thrown.code === 'ClusterRefused') {
    const status = refusedStatus(thrown);
    return status === undefined
      ? thrown
      : new SekishoError('ClusterRefused', `the API server answered ${status}`, thrown);
  }
  return new SekishoError('ClusterUnreachable', 'the API server did not answer in time', thrown);
}

interface NamespaceIdentity {
  readonly path: string;
  readonly uid: string;
}

async function requireUid(client: ClusterClient, { path, uid }: NamespaceIdentity, timeout: number): Promise<void> {
  const answer = await client.request({ method: 'GET', path, timeout });
  if (answer.status !== 200) throw refusal(`get ${path}`, answer);
  if (uid === '' || metaOf(answer.body)?.uid !== uid) throw strange();
}

function strange(): SekishoError<'ClusterRefused'> {
  return new SekishoError('ClusterRefused', 'the cluster has no such namespace');
}

async function* pagesOf(path: string, client: ClusterClient, remaining: () => number): AsyncGenerator<PodPage> {
  let read = 0;
  let next = '';
  do {
    const query = new URLSearchParams({ limit: String(pageLength), ...(next !== '' && { continue: next }) });
    const answer = await client.request({ method: 'GET', path: `${path}?${query}`, timeout: remaining() });
    const { items, metadata } = (answer.body ?? {}) as { items?: unknown; metadata?: ListMeta };
    if (answer.status !== 200 || !Array.isArray(items)) throw refusal(`list ${path}`, answer);
    read += items.length;
    next = metadata?.continue ?? '';
    const full = read >= mostPods && next !== '';
    yield full ? { pods: items, remaining: Math.max(1, metadata?.remainingItemCount ?? 1) } : { pods: items };
    if (full) return;
  } while (next !== '');
}

interface ListMeta {
  readonly continue?: string;
  readonly remainingItemCount?: number;
}
