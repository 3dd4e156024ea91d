import { type Asked, type Interception, startApi, statusOf } from '../cluster/loopback-api.ts';

/* A loopback API server that treats canaries as a real one: webhook, then quota. */

export const configurationPath = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/sekisho';
export const canaryNamespace = 'sekisho-canary';

const everyChange = ['CREATE', 'UPDATE'];
const rule = (group: string, resources: string[], operations = everyChange) => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  operations,
  resources,
  scope: 'Namespaced',
});

/** As the chart makes it. */
export const goodEntry = {
  name: 'pods.sekisho.dev',
  matchPolicy: 'Equivalent',
  objectSelector: {},
  namespaceSelector: {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['sekisho', 'kube-system'] }],
  },
  rules: [
    rule('', ['pods', 'replicationcontrollers', 'podtemplates']),
    rule('', ['pods/ephemeralcontainers', 'pods/resize'], ['UPDATE']),
    rule('apps', ['replicasets', 'deployments', 'statefulsets', 'daemonsets']),
    rule('batch', ['jobs', 'cronjobs']),
  ],
};

export const paths = [
  'pods',
  'deployments',
  'cronjobs',
  'replicationcontrollers',
  'podtemplates',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'jobs',
  'pods/ephemeralcontainers',
  'pods/resize',
];

export function configurationWith(...webhooks: object[]) {
  return { metadata: { name: 'sekisho' }, webhooks };
}

/** How it meets a canary; by resource. */
export interface CanaryFate {
  /** Whether the webhook answers; or what the API server says instead. */
  of(resource: string, asked: Asked): boolean | Interception;
}

export async function startCanaryCluster(fate: CanaryFate) {
  const api = await startApi({
    intercept(asked) {
      if (asked.method !== 'POST') return undefined;
      const resource = asked.path.split('/').at(-1) ?? '';
      const met = fate.of(resource, asked);
      if (typeof met !== 'boolean') return met;
      const headers: Record<string, string> = met
        ? { warning: '299 - "sekisho canary 9d3bb1c5-0f6f-4f9c-a44c-0d6d4e6c2a1b"' }
        : {};
      if (resource === 'pods') return { status: 403, body: quota, headers };
      return { status: 201, body: asked.body, headers };
    },
  });
  api.put(configurationPath, configurationWith(goodEntry));
  return api;
}

const quota = statusOf(
  403,
  'pods "sekisho-canary" is forbidden: exceeded quota: sekisho-canary, requested: pods=1, used: pods=0, limited: pods=0',
);
