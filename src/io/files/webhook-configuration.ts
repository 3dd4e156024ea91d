import { stringify } from 'yaml';
import type { CustomWorkload } from '../../core/pod/workload.ts';
import { kinds } from '../../core/policy/kinds.ts';
import { nameLabel } from '../../core/policy/namespace.ts';
import { apiGroup, apiVersion } from '../../core/policy/pod-policy.ts';

/** Where the API server reaches a webhook that runs beside it, and whom it trusts there. */
export interface WebhookEndpoint {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  /** Kinds of the settings that it is to be asked about too. */
  readonly custom?: readonly CustomWorkload[];
  /** Whether updates of namespaces are asked about too. */
  readonly guard: boolean;
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

/** Of our own kinds. */
const policyRules = [
  {
    apiGroups: [apiGroup],
    apiVersions: [apiVersion.slice(apiGroup.length + 1)],
    operations: everyChange,
    resources: kinds.map(({ plural }) => plural),
    scope: 'Cluster',
  },
];

/** Status and finalize write labels too. */
const guardRules = [
  {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['UPDATE'],
    resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
    scope: 'Cluster',
  },
];

/** Only labels are guarded: whatever else changes in a namespace, also its end, needs no answer of ours. */
const labelsChange = [
  {
    name: 'labels-change',
    expression:
      '(has(object.metadata.labels) ? object.metadata.labels : {}) != (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {})',
  },
];

/** For an API server on the same machine: `kubectl apply -f` and it asks us. */
export function formatWebhookConfiguration({ url, authority, custom = [], guard }: WebhookEndpoint): string {
  const entry = (name: string, failurePolicy: 'Fail' | 'Ignore', more: object): object => ({
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') },
    failurePolicy,
    matchPolicy: 'Equivalent',
    ...more,
    sideEffects: 'None',
    timeoutSeconds: 10,
  });
  // By the label that the API server itself sets and nobody can change.
  const kubeSystem = { key: nameLabel, operator: 'NotIn', values: ['kube-system'] };
  return stringify(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'sekisho-dev' },
      webhooks: [
        entry('pods.sekisho.dev', 'Fail', {
          rules: [...rules, ...custom.map(customRule)],
          namespaceSelector: { matchExpressions: [kubeSystem] },
        }),
        entry('policies.sekisho.dev', 'Ignore', { rules: policyRules }),
        ...(guard ? [entry('guard.sekisho.dev', 'Fail', { rules: guardRules, matchConditions: labelsChange })] : []),
      ],
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
