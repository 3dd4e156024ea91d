import { z } from 'zod';
import { defaultedPodRequest } from '../../pod/effective-resources.ts';
import { compareQuantities } from '../../pod/quantity.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { type BoundCheck, outOfBounds, resourceBounds } from '../resource-bounds.ts';
import { defineRule } from '../rule.ts';

const minimum = {
  field: 'requests',
  total: defaultedPodRequest,
  breaks: (amount, bound) => compareQuantities(amount, bound) < 0,
} as const satisfies BoundCheck<'requests'>;

/*
 * Fields: spec.{containers,initContainers}[*].resources.requests[NAME], also of sidecars, and for the pod as a whole what
 * PodRequests (k8s.io/component-helpers/resource) makes of them, spec.resources.requests and spec.overhead. Ephemeral
 * containers can have no resources.
 * Where no request stands the limit is one, see maximumRequests. A container in which neither stands breaks no minimum of
 * its own: that something is requested is for requireRequests to ask. To the sum of the pod it adds nothing, and a pod
 * that requests nothing at all is below every minimum for the pod as a whole.
 */
export const minimumRequests = defineRule({
  id: 'minimumRequests',
  severity: 'low',
  reads: 'resources',
  narrows: true,
  references: {},
  title: { en: 'Smallest requests', ja: '要求の最小値' },
  why: {
    en: 'A request far below what a container uses is as good as none: the scheduler packs such containers onto one node until it runs short, and then they slow each other down or are evicted.',
    ja: '実際の使用量より極端に小さい要求は、要求がないのと同じです。スケジューラーが 1 つのノードに詰め込みすぎ、ノードのリソースが不足すると、互いに遅くなったり退避させられたりします。',
  },
  fix: {
    en: 'Raise the request to what the container ordinarily uses.',
    ja: 'コンテナーが通常使う量まで要求を上げてください。',
  },
  messages: {
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
    bound: { en: 'is {found}, less than the minimum of {bound}', ja: 'は {found} で、最小値 {bound} に足りません' },
    defaulted: {
      en: 'is {found} and so the request, less than the minimum of {bound}',
      ja: 'は {found} で、要求としても使われるため、最小値 {bound} に足りません',
    },
    sum: {
      en: 'is {sum} for the pod as a whole, less than the minimum of {bound}',
      ja: 'は Pod 全体で {sum} で、最小値 {bound} に足りません',
    },
  },
  params: resourceBounds,
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, { report }, params) => outOfBounds(pod, report, { params, check: minimum }),
  examples: {
    settings: { containers: { cpu: '10m', memory: '32Mi' } },
    allowed: [
      {},
      { container: { resources: { requests: { cpu: '10m', memory: '32Mi' } } } },
      { container: { resources: { requests: { memory: '64M' }, limits: { memory: '1Gi', cpu: '1' } } } },
    ],
    violating: [
      {
        container: { resources: { requests: { cpu: '1m', memory: '32MB' } } },
        violates: ['spec.containers[0].resources.requests.cpu', 'spec.containers[0].resources.requests.memory'],
      },
      {
        pod: {
          spec: { initContainers: [{ ...minimalContainer, name: 'init', resources: { limits: { cpu: '5m' } } }] },
        },
        violates: ['spec.initContainers[0].resources.limits.cpu'],
      },
      {
        settings: { pod: { memory: '128Mi' } },
        container: { resources: { requests: { memory: '64Mi' } } },
        violates: ['spec.resources.requests.memory'],
      },
    ],
  },
});
