import { stringify } from 'yaml';
import type { CustomWorkload } from '../../core/pod/workload.ts';

/** Where the API server reaches a webhook that runs beside it, and whom it trusts there. */
export interface WebhookEndpoint {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  /** Kinds of the settings that it is to be asked about too. */
  readonly custom?: readonly CustomWorkload[];
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

/**
 * In every version: the settings name none, and a rule for one that the cluster does not serve matches nothing, in
 * silence. So `Equivalent` has nothing to convert, and paths in messages are those of the version that was applied.
 */
function customRule({ group, resource }: CustomWorkload) {
  return { ...rule(group, [resource], everyChange), apiVersions: ['*'] };
}

/** For an API server on the same machine: `kubectl apply -f` and it asks us. */
export function formatWebhookConfiguration({ url, authority, custom = [] }: WebhookEndpoint): string {
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
          rules: [...rules, ...custom.map(customRule)],
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
