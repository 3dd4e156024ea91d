import {
  type Asked,
  type Interception,
  type LoopbackApi,
  type StoredObject,
  startApi,
} from '../cluster/loopback-api.ts';

/* A loopback API server that knows our kinds, their generations and their status as a subresource. */

export const group = '/apis/sekisho.dev/v1alpha1';
export const policiesPath = `${group}/podpolicies`;
export const exceptionsPath = `${group}/podpolicyexceptions`;

export interface StatusCluster {
  readonly api: LoopbackApi;
  /** Instead of what would be answered. */
  intercept: (asked: Asked) => Interception | undefined;
  /** Changes the spec, as somebody who applies it does. */
  apply(path: string, spec: unknown): void;
  /** `Ready=True Compiled`; undefined where nobody wrote a status. */
  said(path: string): readonly string[] | undefined;
  statusOf(path: string): WrittenStatus | undefined;
  /** The writes that were sent, also those that were refused. */
  patches(): readonly Asked[];
  [Symbol.asyncDispose](): Promise<void>;
}

interface WrittenStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Readonly<
    Record<'type' | 'status' | 'reason' | 'message' | 'lastTransitionTime', string>
  >[];
}

const kinds: Readonly<Record<string, string>> = {
  [policiesPath]: 'PodPolicy',
  [exceptionsPath]: 'PodPolicyException',
};

export async function startStatusCluster(): Promise<StatusCluster> {
  const api = await startApi({ intercept: (asked) => cluster.intercept(asked) ?? patchStatus(asked) });
  const patchStatus = ({ method, path, body }: Asked): Interception | undefined => {
    if (method !== 'PATCH') return undefined;
    const place = path.replace(/\/status$/, '');
    const object = api.objects.get(place);
    if (object === undefined) return { status: 404 };
    const { metadata, status } = body as StoredObject;
    if (metadata.resourceVersion !== object.metadata.resourceVersion) return { status: 409 };
    return { status: 200, body: api.put(place, { ...object, status }) };
  };
  api.collections.add(policiesPath);
  api.collections.add(exceptionsPath);
  const statusOf = (path: string) => api.objects.get(path)?.['status'] as WrittenStatus | undefined;
  const cluster: StatusCluster = {
    api,
    intercept: () => undefined,
    apply(path, spec) {
      const before = api.objects.get(path);
      const [collection, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
      const generation = Number(before?.metadata['generation'] ?? 0) + 1;
      const metadata = { uid: `uid of ${name}`, ...before?.metadata, name, generation };
      const kind = kinds[collection];
      api.put(path, { apiVersion: 'sekisho.dev/v1alpha1', kind, ...before, metadata, spec });
    },
    said: (path) => statusOf(path)?.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    statusOf,
    patches: () => api.asked.filter(({ method }) => method === 'PATCH'),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
  return cluster;
}
