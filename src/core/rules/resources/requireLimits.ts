import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { requiredResources, suggestion, unstated } from '../required-resources.ts';
import { defineRule } from '../rule.ts';

/*
 * Fields: spec.{containers,initContainers}[*].resources.limits[NAME], also of sidecars. Ephemeral containers can have no
 * resources.
 * `spec.resources.limits` stands in for cpu, memory and huge pages: it holds for the pod as a whole. A limit of 0 for cpu,
 * memory or ephemeral-storage is none: the kubelet sets no bound for it (kuberuntime_container_linux.go,
 * eviction_manager.go). For other resources 0 is a bound.
 */
export const requireLimits = defineRule({
  id: 'requireLimits',
  severity: 'medium',
  reads: 'resources',
  references: {},
  title: { en: 'Resource limits', ja: 'リソースの上限' },
  why: {
    en: 'A container without a limit may take all that the node has. A leak, a flood of requests or a miner in one container then starves or kills those beside it.',
    ja: '上限のないコンテナーは、ノードのリソースをすべて使えます。1 つのコンテナーのメモリリーク、大量のリクエスト、暗号通貨の採掘によって、隣のコンテナーがリソース不足になったり強制終了されたりします。',
  },
  fix: {
    en: 'Set resources.limits of every container, init container and sidecar to the most that it may use.',
    ja: 'すべてのコンテナー、init コンテナー、サイドカーの resources.limits に、使ってよい最大の量を設定してください。',
  },
  messages: {
    missing: { en: 'is missing', ja: 'がありません' },
    nothing: { en: 'is {found}, which limits nothing', ja: 'は {found} で、何も制限していません' },
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
  },
  choices: { missing: '<quantity>', nothing: '<quantity>' },
  params: requiredResources('a limit'),
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, { report }, { resources }) => unstated(pod, report, { names: resources, fields: ['limits'] }),
  repair: (pod, violation, { suggest }) => suggestion(pod, violation, suggest),
  examples: {
    settings: { resources: ['memory'], suggest: { memory: '256Mi' } },
    allowed: [
      { container: { resources: { limits: { memory: '1Gi' } } } },
      { pod: { spec: { resources: { limits: { memory: '2Gi' } } } } },
      {
        pod: {
          spec: {
            ephemeralContainers: [{ ...minimalContainer, name: 'debugger' }],
            initContainers: [{ ...minimalContainer, name: 'init', resources: { limits: { memory: '64M' } } }],
          },
        },
        container: { resources: { limits: { memory: '1e9' } } },
      },
    ],
    violating: [
      { violates: ['spec.containers[0].resources.limits.memory'] },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'init' }] } },
        container: { resources: { limits: { memory: '0' } } },
        violates: ['spec.initContainers[0].resources.limits.memory', 'spec.containers[0].resources.limits.memory'],
      },
      {
        container: { resources: { limits: { memory: '0x10' } } },
        violates: ['spec.containers[0].resources.limits.memory'],
      },
    ],
  },
});
