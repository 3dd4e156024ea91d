import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Host Probes / Lifecycle Hooks" (v1.34+): probes and hooks must ask the pod, no other host.
 * Restricted fields, in spec.{containers,initContainers,ephemeralContainers}[*]:
 *   {livenessProbe,readinessProbe,startupProbe}.{httpGet,tcpSocket}.host
 *   lifecycle.{postStart,preStop}.{httpGet,tcpSocket}.host
 * Allowed values: undefined, "". Even localhost is forbidden: asked by the kubelet it means the node.
 */
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
/** Most containers have no hooks, and every pod passes here. */
const none: typeof hooks | readonly [] = [];
const hooks = ['postStart', 'preStop'] as const;
const actions = ['httpGet', 'tcpSocket'] as const;

function isSet(host: unknown): boolean {
  return host !== undefined && host !== null && host !== '';
}

export const hostProbesAndHostLifecycle = defineRule({
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['Host Probes / Lifecycle Hooks (v1.34+)'] },
  title: { en: 'Hosts of probes and lifecycle hooks', ja: 'プローブとライフサイクルフックの宛先ホスト' },
  why: {
    en: 'The kubelet sends these requests from the node. With host, whoever writes the pod directs them anywhere: to services that listen on the node alone, to the cloud metadata service, past network policies.',
    ja: 'これらのリクエストは、kubelet がノードから送信します。host を指定すると、Pod の作成者がその宛先を自由に選べます。ノード内だけで待ち受けるサービスやクラウドのメタデータサービスに、ネットワークポリシーを越えて送ることもできます。',
  },
  fix: {
    en: 'Remove host: without it the kubelet asks the pod itself. For a certain Host header use httpGet.httpHeaders.',
    ja: 'host を削除してください。削除すると、kubelet は Pod 自身にリクエストを送ります。Host ヘッダーが必要な場合は httpGet.httpHeaders を使ってください。',
  },
  messages: { host: { en: 'must be unset or empty', ja: '未設定か空でなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    {
      since: '1.34',
      check(pod, { report }) {
        for (const { path, container } of pod.containers) {
          for (const probe of probes) {
            if (!container[probe]) continue;
            for (const action of actions) {
              const found: unknown = container[probe]?.[action]?.host;
              if (isSet(found)) report({ path: [...path, probe, action, 'host'], message: 'host', found });
            }
          }
          for (const hook of container.lifecycle ? hooks : none) {
            for (const action of actions) {
              const found: unknown = container.lifecycle?.[hook]?.[action]?.host;
              if (isSet(found)) report({ path: [...path, 'lifecycle', hook, action, 'host'], message: 'host', found });
            }
          }
        }
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { container: { livenessProbe: { httpGet: { port: 8080, host: '' } }, lifecycle: {} } },
      { container: { readinessProbe: { tcpSocket: { port: 80, host: 'localhost' } } }, version: 'v1.33' },
    ],
    violating: [
      {
        container: {
          livenessProbe: { httpGet: { port: 80, host: '169.254.169.254' } },
          lifecycle: { preStop: { httpGet: { port: 10250, host: '127.0.0.1' } } },
        },
        violates: [
          'spec.containers[0].livenessProbe.httpGet.host',
          'spec.containers[0].lifecycle.preStop.httpGet.host',
        ],
      },
      {
        pod: {
          spec: {
            initContainers: [
              {
                ...minimalContainer,
                name: 'sidecar',
                restartPolicy: 'Always',
                startupProbe: { tcpSocket: { port: 80, host: 'localhost' } },
              },
            ],
          },
        },
        version: 'v1.34',
        violates: ['spec.initContainers[0].startupProbe.tcpSocket.host'],
      },
    ],
  },
});
