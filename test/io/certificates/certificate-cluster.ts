import { configurationOf, secretOf } from '../../../src/io/certificates/objects.ts';
import type { CertificateTimes } from '../../../src/io/certificates/rotation.ts';
import { pathOf } from '../../../src/io/cluster/object.ts';
import { createLogger } from '../../../src/io/log.ts';
import { createMetrics } from '../../../src/io/metrics.ts';
import { type Asked, type Interception, type StoredObject, startApi } from '../cluster/loopback-api.ts';

/* A loopback API server that holds what the chart makes for certificates, and JSON patches of it. */

export const objects = {
  namespace: 'sekisho',
  caSecret: 'sekisho-ca',
  webhookConfiguration: 'sekisho',
  webhookEntries: ['pods.sekisho.dev'],
} as const;
export const secretPath = pathOf(secretOf(objects));
export const configurationPath = pathOf(configurationOf(objects));

export const times: CertificateTimes = { caLifetime: 3_600_000, leafLifetime: 60_000, propagation: 400 };

export const emptySecret: StoredObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: {
    name: 'sekisho-ca',
    namespace: 'sekisho',
    uid: 'secret',
    labels: { 'sekisho.dev/component': 'ca', 'app.kubernetes.io/name': 'sekisho' },
  },
};

const entry = (name: string, caBundle?: string) => ({
  name,
  clientConfig: { service: { name: 'sekisho', namespace: 'sekisho' }, ...(caBundle === undefined ? {} : { caBundle }) },
  failurePolicy: 'Fail',
});

export const configuration = (...webhooks: object[]): StoredObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'sekisho', uid: 'configuration', generation: 1 },
  webhooks: webhooks.length === 0 ? [entry('pods.sekisho.dev')] : webhooks,
});
configuration.entry = entry;

interface Webhook {
  readonly name: string;
  readonly clientConfig: { caBundle?: string };
}

export type CertificateCluster = Awaited<ReturnType<typeof startCertificateCluster>>;

export interface CertificateClusterOptions {
  /** Called before each request; may change what is stored, as somebody who is faster would. */
  before?(asked: Asked): void;
  /** What of an exchange gets lost: with the answer, what was asked for is done nevertheless. */
  lose?(asked: Asked): 'request' | 'answer' | undefined;
}

export async function startCertificateCluster({ before, lose }: CertificateClusterOptions = {}) {
  const api = await startApi({
    intercept(asked) {
      before?.(asked);
      const lost = lose?.(asked);
      if (lost === 'request') return 'reset';
      const done = asked.method === 'PATCH' ? patch(asked) : asked.method === 'PUT' ? update(asked) : undefined;
      return lost === 'answer' ? 'reset' : done;
    },
  });
  /** Every CA that was ever stored. */
  const generations = new Set<string>();
  const stored = (): StoredObject | undefined => api.objects.get(configurationPath);
  const webhooks = (): readonly Webhook[] => (stored()?.['webhooks'] ?? []) as readonly Webhook[];
  /** As the API server does it: the generation counts changes of the webhooks. */
  const putConfiguration = (changed: StoredObject): StoredObject => {
    const generation = Number(stored()?.metadata['generation'] ?? 0) + 1;
    return api.put(configurationPath, { ...changed, metadata: { ...changed.metadata, generation } });
  };
  const patch = ({ path, body, headers }: Asked): Interception => {
    const current = stored();
    if (path !== configurationPath || headers['content-type'] !== 'application/json-patch+json') return { status: 415 };
    if (current === undefined) return { status: 404 };
    const copy = structuredClone(current) as StoredObject & { webhooks: Webhook[] };
    for (const { op, path: where, value } of body as { op: string; path: string; value: string }[]) {
      const [, index = '', field] = /^\/webhooks\/(\d+)\/(name|clientConfig\/caBundle)$/.exec(where) ?? [];
      const webhook = copy.webhooks[Number(index)];
      if (where === '/metadata/resourceVersion' && op === 'test') {
        if (current.metadata.resourceVersion !== value) return { status: 422 };
      } else if (field === 'name' && op === 'test') {
        if (webhook?.name !== value) return { status: 422 };
      } else if (field === 'clientConfig/caBundle' && op === 'add' && webhook !== undefined) {
        webhook.clientConfig.caBundle = value;
      } else return { status: 422 };
    }
    return { status: 200, body: putConfiguration(copy) };
  };
  const update = ({ path, body }: Asked): Interception => {
    const secret = body as StoredObject & { readonly data: Record<string, string> };
    const current = api.objects.get(path);
    if (current === undefined) return { status: 404 };
    if (secret.metadata.resourceVersion !== current.metadata.resourceVersion) return { status: 409 };
    for (const name of ['tls.crt', 'next.crt']) if (secret.data[name] !== undefined) generations.add(secret.data[name]);
    return { status: 200, body: api.put(path, secret) };
  };
  const secretData = (): Record<string, string> => {
    const data = (api.objects.get(secretPath)?.['data'] ?? {}) as Record<string, string>;
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
    );
  };
  return {
    api,
    generations,
    webhooks,
    putConfiguration,
    secretData,
    annotations: () => (api.objects.get(secretPath)?.metadata['annotations'] ?? {}) as Record<string, string>,
    /** The Secret with changes of its data (text) or metadata. */
    changeSecret(data: Record<string, string> | undefined, metadata: object = {}) {
      const current = api.objects.get(secretPath) ?? emptySecret;
      const encoded = Object.entries(data ?? {}).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
      return api.put(secretPath, {
        ...current,
        data: Object.fromEntries(encoded),
        metadata: { ...current.metadata, ...metadata },
      });
    },
    /** What entry 0 trusts, as text. */
    trusted: (index = 0) => Buffer.from(webhooks()[index]?.clientConfig.caBundle ?? '', 'base64').toString(),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

/** A logger whose lines are kept, and metrics to read. */
export function observers() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('debug', { write: (line: string) => lines.push(JSON.parse(line)) });
  const metrics = createMetrics({ version: 'test', inflight: () => 0 });
  return {
    log,
    metrics,
    lines,
    logged: (message: string) => lines.filter(({ msg }) => msg === message),
    async metric(name: string): Promise<number | undefined> {
      const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
  };
}

export function count(text: string): number {
  return text.split('BEGIN CERTIFICATE').length - 1;
}
