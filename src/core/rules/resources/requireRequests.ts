import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { requiredResources, suggestion, unstated } from '../required-resources.ts';
import { defineRule } from '../rule.ts';

/*
 * Fields: spec.{containers,initContainers}[*].resources.requests[NAME], also of sidecars. Ephemeral containers can have no
 * resources.
 * A limit stands in for the request: in a pod the API server writes it there (SetDefaults_Pod, pkg/apis/core/v1), in a
 * template it will when the pod is made. So does `spec.resources` for cpu, memory and huge pages, which it gives to the
 * pod as a whole. A request of 0 for cpu, memory or ephemeral-storage is none: the scheduler and the pod's class of
 * service count it so. For other resources 0 is an answer.
 */
export const requireRequests = defineRule({
  id: 'requireRequests',
  severity: 'low',
  reads: 'resources',
  references: {},
  title: { en: 'Resource requests', ja: 'リソースの要求' },
  why: {
    en: 'The scheduler fills nodes by what containers request. What requests nothing is put wherever there is a node, takes from its neighbours what they need, and is the first to be evicted when the node runs short.',
    ja: 'スケジューラーは、コンテナーの要求をもとに Pod をノードに配置します。要求のないコンテナーは余裕のないノードにも配置され、隣のコンテナーから必要なリソースを奪い、ノードのリソースが不足すると最初に退避させられます。',
  },
  fix: {
    en: 'Set resources.requests of every container, init container and sidecar to what it ordinarily uses.',
    ja: 'すべてのコンテナー、init コンテナー、サイドカーの resources.requests に、通常使う量を設定してください。',
  },
  messages: {
    missing: { en: 'is missing', ja: 'がありません' },
    nothing: { en: 'is {found}, which requests nothing', ja: 'は {found} で、何も要求していません' },
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
  },
  choices: { missing: '<quantity>', nothing: '<quantity>' },
  params: requiredResources('a request'),
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, { report }, { resources }) =>
    unstated(pod, report, { names: resources, fields: ['requests', 'limits'] }),
  repair: (pod, violation, { suggest }) => suggestion(pod, violation, suggest),
  examples: {
    settings: { resources: ['cpu', 'memory'], suggest: { cpu: '100m', memory: '128Mi' } },
    allowed: [
      { container: { resources: { requests: { cpu: '250m', memory: '64Mi' } } } },
      { container: { resources: { requests: { cpu: 1 }, limits: { memory: '1Gi' } } } },
      { pod: { spec: { resources: { requests: { cpu: '1', memory: '1Gi' } } } } },
    ],
    violating: [
      {
        container: { resources: { requests: { cpu: '100m' } } },
        violates: ['spec.containers[0].resources.requests.memory'],
      },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'proxy', restartPolicy: 'Always' }] } },
        container: { resources: { requests: { cpu: '0', memory: '64 Mi' } } },
        violates: [
          'spec.initContainers[0].resources.requests.cpu',
          'spec.initContainers[0].resources.requests.memory',
          'spec.containers[0].resources.requests.cpu',
          'spec.containers[0].resources.requests.memory',
        ],
      },
    ],
  },
});
