/** An object that is submitted to be seen by our webhook, and never stored. */
export interface Canary {
  /** The resource whose coverage it proves. */
  readonly path: string;
  readonly collection: string;
  /** The object, then plainer ones for an API server that does not accept it. */
  readonly objects: readonly object[];
}

const image = 'registry.k8s.io/pause:3.10';

const container = {
  image,
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
};

/** Every place where an image may stand: init container, sidecar, container; and a volume, where there is such a thing. */
function podSpec({ imageVolume }: { readonly imageVolume: boolean }) {
  const volumes = imageVolume ? [{ name: 'image', image: { reference: image, pullPolicy: 'IfNotPresent' } }] : [];
  const volumeMounts = imageVolume ? [{ name: 'image', mountPath: '/image', readOnly: true }] : [];
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    initContainers: [
      { name: 'init', ...container },
      { name: 'sidecar', restartPolicy: 'Always', ...container },
    ],
    containers: [{ name: 'main', ...container, volumeMounts }],
    volumes,
  };
}

const metadata = { name: 'sekisho-canary' };
const labels = { 'app.kubernetes.io/name': 'sekisho-canary' };

function pod(options: { readonly imageVolume: boolean }): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, labels }, spec: podSpec(options) };
}

const template = { metadata: { labels }, spec: podSpec({ imageVolume: false }) };

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: { replicas: 1, selector: { matchLabels: labels }, template },
};

const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata,
  spec: {
    schedule: '0 0 1 1 *',
    suspend: true,
    jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } },
  },
};

/** They comply with the restricted level, so that nothing but a webhook's absence can keep its answer away. */
export function canariesFor(namespace: string): readonly Canary[] {
  return [
    {
      path: 'pods',
      collection: `/api/v1/namespaces/${namespace}/pods`,
      objects: [pod({ imageVolume: true }), pod({ imageVolume: false })],
    },
    { path: 'deployments', collection: `/apis/apps/v1/namespaces/${namespace}/deployments`, objects: [deployment] },
    { path: 'cronjobs', collection: `/apis/batch/v1/namespaces/${namespace}/cronjobs`, objects: [cronJob] },
  ];
}
