import { stringify } from 'yaml';

/** Where the API server reaches a webhook that runs beside it, and whom it trusts there. */
export interface WebhookEndpoint {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
}

const everyChange = ['CREATE', 'UPDATE'];

/** Every way to bring a pod, or the template of one. Subresources exist only for pods that are there: no CREATE. */
const rules = [
  rule('', ['pods', 'replicationcontrollers', 'podtemplates'], everyChange),
  rule('', ['pods/ephemeralcontainers', 'pods/resize'], ['UPDATE']),
  rule('apps', ['replicasets', 'deployments', 'statefulsets', 'daemonsets'], everyChange),
  rule('batch', ['jobs', 'cronjobs'], everyChange),
];

function rule(group: string, resources: readonly string[], operations: readonly string[]) {
  return { apiGroups: [group], apiVersions: ['v1'], operations, resources, scope: 'Namespaced' };
}

/** For an API server on the same machine: `kubectl apply -f` and it asks us. */
export function formatWebhookConfiguration({ url, authority }: WebhookEndpoint): string {
  return stringify(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'sekisho-dev' },
      webhooks: [
        {
          name: 'pods.sekisho.dev',
          admissionReviewVersions: ['v1'],
          clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') },
          rules,
          failurePolicy: 'Fail',
          matchPolicy: 'Equivalent',
          namespaceSelector: {
            // By the label that the API server itself sets and nobody can change.
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
          },
          sideEffects: 'None',
          timeoutSeconds: 10,
        },
      ],
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
