import { z } from 'zod';
import { podLimit } from '../../pod/effective-resources.ts';
import { compareQuantities } from '../../pod/quantity.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { type BoundCheck, outOfBounds, resourceBounds } from '../resource-bounds.ts';
import { defineRule } from '../rule.ts';

const maximum = {
  field: 'limits',
  total: podLimit,
  breaks: (amount, bound) => compareQuantities(amount, bound) > 0,
} as const satisfies BoundCheck<'limits'>;

/*
 * Fields: spec.{containers,initContainers}[*].resources.limits[NAME], also of sidecars, and for the pod as a whole what
 * PodLimits (k8s.io/component-helpers/resource) makes of them, spec.resources.limits and spec.overhead. Ephemeral
 * containers can have no resources.
 * A container without a limit breaks none of its own: that there is one is for requireLimits to ask. But a pod with such a
 * container may take any amount of cpu, memory or ephemeral-storage, whatever the limits of the others add up to: a
 * maximum for the pod does not let it pass, unless spec.resources.limits bounds the whole. Of other resources a container
 * without a limit has none. A limit of 0 is like none, see requireLimits.
 */
export const maximumLimits = defineRule({
  id: 'maximumLimits',
  severity: 'medium',
  reads: 'resources',
  narrows: true,
  references: {},
  title: { en: 'Largest limits', ja: '上限の最大値' },
  why: {
    en: 'A limit of more than anybody should use bounds nothing. One container can then take a whole node, or every accelerator that there is. That a container has a limit at all is for requireLimits to ask; only a maximum for the pod as a whole does not let one pass that has none.',
    ja: '必要以上に大きな上限は、制限として機能しません。1 つのコンテナーが、ノード全体やすべてのアクセラレーターを占有できてしまいます。上限があるかどうかは requireLimits が判定しますが、Pod 全体の最大値は上限のないコンテナーを許可しません。',
  },
  fix: {
    en: 'Lower the limit, or ask whoever keeps the policy for an exception. Where the sum of a pod is too large, lower the limits of its containers, or set spec.resources.limits for the pod as a whole.',
    ja: '上限を下げるか、ポリシーの管理者に例外を依頼してください。Pod 全体の合計が大きすぎる場合は、各コンテナーの上限を下げるか、spec.resources.limits で Pod 全体の上限を設定してください。',
  },
  messages: {
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
    bound: { en: 'is {found}, more than the maximum of {bound}', ja: 'は {found} で、最大値 {bound} を超えています' },
    sum: {
      en: 'is {sum} for the pod as a whole, more than the maximum of {bound}',
      ja: 'は Pod 全体で {sum} になり、最大値 {bound} を超えています',
    },
    unbounded: {
      en: 'has no end, because {containers} set no limit; the maximum for the pod as a whole is {bound}',
      ja: 'は無制限です。{containers} に上限がありません。Pod 全体の最大値は {bound} です',
    },
  },
  params: resourceBounds,
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, { report }, params) => outOfBounds(pod, report, { params, check: maximum }),
  examples: {
    settings: { containers: { memory: '8Gi', 'nvidia.com/gpu': 1 }, init: { memory: '2Gi' }, pod: { memory: '16Gi' } },
    allowed: [
      { container: { resources: { limits: { memory: '8192Mi', 'nvidia.com/gpu': '1' } } } },
      { pod: { spec: { resources: { limits: { memory: '16Gi' } } } } },
    ],
    violating: [
      {
        container: { resources: { limits: { memory: '9Gi', 'nvidia.com/gpu': '2' } } },
        violates: ['spec.containers[0].resources.limits.memory', 'spec.containers[0].resources.limits[nvidia.com/gpu]'],
      },
      {
        pod: {
          spec: {
            initContainers: ['one', 'two'].map((name) => ({
              ...minimalContainer,
              name,
              restartPolicy: 'Always',
              resources: { limits: { memory: '5Gi' } },
            })),
          },
        },
        container: { resources: { limits: { memory: '7Gi' } } },
        violates: ['spec.resources.limits.memory'],
      },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'init' }] } },
        container: { resources: { limits: { memory: '1Gi' } } },
        violates: ['spec.resources.limits.memory'],
      },
      {
        pod: { spec: { resources: { limits: { memory: '32Gi' } } } },
        container: { resources: { limits: { memory: '1 Gi' } } },
        violates: ['spec.containers[0].resources.limits.memory', 'spec.resources.limits.memory'],
      },
    ],
  },
});
