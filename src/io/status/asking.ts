import { messageOf, SekishoError } from '../../core/error.ts';
import type { Reading } from '../../core/render/installation-status.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { listCollection } from '../cluster/collection-list.ts';
import { reasonOf, refusedStatus } from '../cluster/refusal.ts';

/** What is asked for, and the right that it takes, as an administrator would grant it. */
export interface Question {
  readonly path: string;
  /** `get deployments/sekisho-serve in namespace sekisho`. */
  readonly needs: string;
}

/** An object; its value is undefined where there is none. What may not be seen is an answer, not an error. */
export async function askFor(client: ClusterClient, { path, needs }: Question): Promise<Reading<unknown>> {
  try {
    const { status, body } = await client.request({ method: 'GET', path });
    if (status === 404) return { value: undefined };
    if (status === 200 && body !== undefined) return { value: body };
    if (status === 403) return { unknown: 'forbidden', needs };
    if (status === 401) throw unauthenticated();
    return { unknown: 'failed', reason: `${status}: ${reasonOf(body)}` };
  } catch (thrown) {
    return failed(thrown);
  }
}

/** All objects of a cluster-scoped collection; none where the cluster does not know the kind. */
export async function askForAll(
  client: ClusterClient,
  { path, needs }: Question,
): Promise<Reading<readonly unknown[]>> {
  const objects: unknown[] = [];
  const signal = new AbortController().signal;
  try {
    await listCollection({ client, path, signal, page: (page) => void objects.push(...page) });
    return { value: objects };
  } catch (thrown) {
    return refusedStatus(thrown) === 403 ? { unknown: 'forbidden', needs } : failed(thrown);
  }
}

function failed(thrown: unknown): Reading<never> {
  if (thrown instanceof SekishoError && thrown.code === 'UsageInvalid') throw thrown;
  return { unknown: 'failed', reason: messageOf(thrown) };
}

function unauthenticated(): SekishoError<'UsageInvalid'> {
  return new SekishoError(
    'UsageInvalid',
    'the API server does not know who asks (401): look at the user of your kubeconfig, and whether its credentials expired',
  );
}

/** Another reading of what was read. */
export function readAs<Value, Other>(reading: Reading<Value>, read: (value: Value) => Other): Reading<Other> {
  return 'value' in reading ? { value: read(reading.value) } : reading;
}
