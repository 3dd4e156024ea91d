import { readFileSync } from 'node:fs';
import { fieldsV1Of } from './managed-fields.ts';

export type PodKind = 'compliant' | 'denied';

/** Bytes of every review: what an ordinary pod with a sidecar takes on the wire. */
export const reviewBytes = 8_192;

/** So many reviews of a kind, which differ in uid and names, are sent in turn. */
const variants = 32;

export const namespace = 'shop';

/** One AdmissionReview as bytes, and the uid that its answer must echo. */
export interface Review {
  readonly uid: string;
  readonly body: Buffer;
}

interface Envelope {
  readonly request: Readonly<Record<string, unknown>>;
}

/** What a real API server sent for a pod (recorded by e2e); only the pod and its author are exchanged. */
const recorded = JSON.parse(
  readFileSync(new URL('../test/data/reviews/pod-fixed.json', import.meta.url), 'utf8'),
) as Envelope;

export function reviewsOf(kind: PodKind): readonly Review[] {
  return Array.from({ length: variants }, (_, index) => reviewOf(kind, index));
}

/** One review in each of these namespaces, whose names are as long as the recorded one's. */
export function reviewsIn(kind: PodKind, namespaces: readonly string[]): readonly Review[] {
  const samples = reviewsOf(kind).map(({ uid, body }) => ({ uid, text: body.toString() }));
  return namespaces.map((name, index) => {
    const { uid, text } = samples[index % samples.length]!;
    return { uid, body: Buffer.from(text.replaceAll(`"namespace":"${namespace}"`, `"namespace":"${name}"`)) };
  });
}

function reviewOf(kind: PodKind, index: number): Review {
  const serial = index.toString(16).padStart(5, '0');
  const uid = `09186a73-59f2-48d4-832b-e9be569${serial}`;
  const compact = JSON.stringify(reviewWith({ kind, serial, uid, padding: '' }));
  const missing = reviewBytes - Buffer.byteLength(compact);
  if (missing < 0) throw new Error(`the ${kind} review is ${-missing} bytes too long`);
  const body = Buffer.from(JSON.stringify(reviewWith({ kind, serial, uid, padding: filler(missing) })));
  return { uid, body };
}

/** Fills a review up to its size, as the annotation of some tool. */
function filler(length: number): string {
  return '/orders/:id -> orders-v2; /carts/:id -> carts-v1; '.repeat(Math.ceil(length / 50)).slice(0, length);
}

interface Variant {
  readonly kind: PodKind;
  readonly serial: string;
  readonly uid: string;
  readonly padding: string;
}

function reviewWith(variant: Variant): unknown {
  const userInfo = {
    username: 'system:serviceaccount:kube-system:replicaset-controller',
    uid: 'e9c3a8a5-3d0c-4f8e-9a58-0d4b6a3cf2b1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  };
  const { uid } = variant;
  const object = podOf(variant);
  return {
    ...recorded,
    request: { ...recorded.request, uid, name: object.metadata.name, namespace, userInfo, object },
  };
}

function metadataOf({ serial, padding }: Variant) {
  return {
    name: `web-6d4cf56db6-${serial}`,
    generateName: 'web-6d4cf56db6-',
    namespace,
    uid: `661ff409-50b3-4823-8235-bd881ec${serial}`,
    generation: 1,
    creationTimestamp: '2026-11-22T07:44:48Z',
    labels: {
      'app.kubernetes.io/name': 'web',
      'app.kubernetes.io/instance': 'storefront',
      'app.kubernetes.io/version': '4.17.2',
      'pod-template-hash': '6d4cf56db6',
      team: 'storefront',
    },
    annotations: {
      'checksum/config': '5c1b1f2b3f2f1b53f6c4ad2bd6d6f9b8b1b9e7d7cd9a9c8ea0f4f6d3e3a1c2b4',
      'kubectl.kubernetes.io/restartedAt': '2026-11-22T07:44:47Z',
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9090',
      'routes.acme.example/table': padding,
    },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web-6d4cf56db6',
        uid: '0d5bd5ff-9c6b-4f0a-8d2a-3f0b6a1c9e77',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

function podOf(variant: Variant) {
  const metadata = metadataOf(variant);
  const spec = specOf(variant.kind);
  const { annotations, generateName, labels, ownerReferences } = metadata;
  const managed = fieldsV1Of({
    metadata: { annotations, generateName, labels, ownerReferences },
    spec: setFields(spec),
  });
  const managedFields = [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-22T07:44:48Z',
      fieldsType: 'FieldsV1',
      fieldsV1: managed,
    },
  ];
  const status = { phase: 'Pending', qosClass: 'Burstable' };
  return { kind: 'Pod', apiVersion: 'v1', metadata: { ...metadata, managedFields }, spec, status };
}

type Spec = ReturnType<typeof specOf>;

/** Priority and tolerations come from admission, not from the manager. */
function setFields({ tolerations: _, priority: __, preemptionPolicy: ___, ...spec }: Spec): unknown {
  return spec;
}

/** The denied pod is the one of `peers.md`: host network, no pod security context, a sidecar that says nothing. */
function specOf(kind: PodKind) {
  const safe = kind === 'compliant';
  const restricted = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  const sidecar = { capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false };
  return {
    volumes: [
      { name: 'tmp', emptyDir: {} },
      { name: 'config', configMap: { name: 'web-config', defaultMode: 420 } },
      apiAccessVolume,
    ],
    containers: [appContainer(safe), proxyContainer(safe ? sidecar : {})],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'web',
    serviceAccount: 'web',
    ...(safe ? {} : { hostNetwork: true }),
    securityContext: safe ? restricted : {},
    schedulerName: 'default-scheduler',
    tolerations: ['not-ready', 'unreachable'].map((condition) => ({
      key: `node.kubernetes.io/${condition}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  };
}

/** What the ServiceAccount admission plugin adds to nearly every pod. */
const apiAccessVolume = {
  name: 'kube-api-access-8v5kq',
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  },
};

const apiAccessMount = {
  name: apiAccessVolume.name,
  readOnly: true,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
};

const defaults = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
};

/** In a pod on the host's network the API server sets the host port where only a container port was given. */
function port(name: string, containerPort: number, safe: boolean) {
  return { name, ...(safe ? {} : { hostPort: containerPort }), containerPort, protocol: 'TCP' };
}

function probe(path: string, periodSeconds: number) {
  const httpGet = { path, port: 'http', scheme: 'HTTP' };
  return { httpGet, timeoutSeconds: 1, periodSeconds, successThreshold: 1, failureThreshold: 3 };
}

function appContainer(safe: boolean) {
  return {
    name: 'app',
    image: 'ghcr.io/acme/storefront/web:4.17.2',
    ports: [port('http', 8080, safe)],
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'web-database', key: 'url' } } },
      { name: 'LOG_LEVEL', value: 'info' },
    ],
    resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '200m', memory: '256Mi' } },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'config', readOnly: true, mountPath: '/etc/web' },
      apiAccessMount,
    ],
    livenessProbe: probe('/healthz', 10),
    readinessProbe: probe('/readyz', 5),
    ...defaults,
    securityContext: {
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function proxyContainer(securityContext: object) {
  return {
    name: 'proxy',
    image: 'ghcr.io/acme/proxy:v1.2.3',
    args: ['--upstream=127.0.0.1:8080', '--admin=127.0.0.1:9901'],
    resources: { limits: { memory: '64Mi' }, requests: { cpu: '50m', memory: '64Mi' } },
    volumeMounts: [apiAccessMount],
    ...defaults,
    securityContext,
  };
}
