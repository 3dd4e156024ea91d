import { z } from 'zod';
import { defaultedPodRequest } from '../../pod/effective-resources.ts';
import { compareQuantities } from '../../pod/quantity.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { type BoundCheck, outOfBounds, resourceBounds } from '../resource-bounds.ts';
import { defineRule } from '../rule.ts';

const maximum = {
  field: 'requests',
  total: defaultedPodRequest,
  breaks: (amount, bound) => compareQuantities(amount, bound) > 0,
} as const satisfies BoundCheck<'requests'>;

/*
 * Fields: spec.{containers,initContainers}[*].resources.requests[NAME], also of sidecars, and for the pod as a whole what
 * PodRequests (k8s.io/component-helpers/resource) makes of them, spec.resources.requests and spec.overhead. Ephemeral
 * containers can have no resources.
 * Where no request stands the limit is one: in a pod the API server writes it there, in a template it will when the pod is
 * made. Where neither stands nothing is requested, which is no more than any maximum.
 */
export const maximumRequests = defineRule({
  id: 'maximumRequests',
  severity: 'medium',
  reads: 'resources',
  narrows: true,
  references: {},
  title: { en: 'Largest requests', ja: '要求の最大値' },
  why: {
    en: 'What is requested is kept free, whether it is used or not. One large request keeps whole nodes from everybody else, or starts new ones that somebody pays for.',
    ja: '要求された量は、使われなくても確保されます。1 つの大きな要求によって、ほかの利用者がノードを使えなくなったり、費用のかかる新しいノードが追加されたりします。',
  },
  fix: {
    en: 'Lower the request to what the container ordinarily uses, or ask whoever keeps the policy for an exception.',
    ja: '通常使う量まで要求を下げるか、ポリシーの管理者に例外を依頼してください。',
  },
  messages: {
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
    bound: { en: 'is {found}, more than the maximum of {bound}', ja: 'は {found} で、最大値 {bound} を超えています' },
    defaulted: {
      en: 'is {found} and so the request, more than the maximum of {bound}',
      ja: 'は {found} で、要求としても使われるため、最大値 {bound} を超えています',
    },
    sum: {
      en: 'is {sum} for the pod as a whole, more than the maximum of {bound}',
      ja: 'は Pod 全体で {sum} になり、最大値 {bound} を超えています',
    },
  },
  params: resourceBounds,
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, { report }, params) => outOfBounds(pod, report, { params, check: maximum }),
  examples: {
    settings: { containers: { cpu: '4' }, sidecars: { cpu: '500m' }, pod: { cpu: 6 } },
    allowed: [{}, { container: { resources: { requests: { cpu: '4000m' } } } }],
    violating: [
      {
        container: { resources: { requests: { cpu: '4.1' } } },
        violates: ['spec.containers[0].resources.requests.cpu'],
      },
      { container: { resources: { limits: { cpu: '5' } } }, violates: ['spec.containers[0].resources.limits.cpu'] },
      {
        pod: {
          spec: {
            initContainers: [
              { ...minimalContainer, name: 'proxy', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
              { ...minimalContainer, name: 'init', resources: { requests: { cpu: 'four' } } },
            ],
          },
        },
        violates: ['spec.initContainers[0].resources.requests.cpu', 'spec.initContainers[1].resources.requests.cpu'],
      },
      {
        pod: {
          spec: {
            containers: ['one', 'two'].map((name) => ({
              ...minimalContainer,
              name,
              resources: { requests: { cpu: '3500m' } },
            })),
          },
        },
        violates: ['spec.resources.requests.cpu'],
      },
    ],
  },
});
