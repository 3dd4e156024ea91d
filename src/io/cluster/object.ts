import type { ClusterClient, ObjectMeta } from './client.ts';
import { refusal } from './refusal.ts';

/** One object, and where it stands. */
export interface ClusterObject {
  /** Of its collection: `/api/v1/namespaces/sekisho/secrets`. */
  readonly collection: string;
  readonly name: string;
}

export function pathOf({ collection, name }: ClusterObject): string {
  return `${collection}/${name}`;
}

/** The object that says who is asked, and how. */
export function webhookConfiguration(name: string): ClusterObject {
  return { collection: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', name };
}

/** The object now, undefined where there is none. Throws where the answer says neither. */
export async function readObject(client: ClusterClient, object: ClusterObject): Promise<unknown> {
  const answer = await client.request({ method: 'GET', path: pathOf(object) });
  if (answer.status === 404) return undefined;
  if (answer.status === 200 && answer.body !== undefined) return answer.body;
  throw refusal(`get ${pathOf(object)}`, answer);
}

/** What names an object and its version, where it is one. */
export function metaOf(object: unknown): ObjectMeta | undefined {
  const meta = typeof object === 'object' && object !== null && 'metadata' in object ? object.metadata : undefined;
  return typeof meta === 'object' && meta !== null ? (meta as ObjectMeta) : undefined;
}
