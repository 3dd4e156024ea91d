import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Host Ports": containers must not take ports of the node.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].ports[*].hostPort.
 * Allowed values: undefined, 0. Upstream knows no list of allowed ports; here `except.values` is that list.
 */
export const hostPorts = defineRule({
  id: 'hostPorts',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['Host Ports'], cis: ['v1.12: 5.2.12'] },
  title: { en: 'Host ports', ja: 'ホストのポート' },
  why: {
    en: "A host port listens on the node's own addresses: everybody who can reach the node can reach the container, and an attacker can answer in place of a service that clients expect on the node.",
    ja: 'ホストのポートは、ノード自身のアドレスで待ち受けます。ノードに到達できれば誰でもコンテナに接続でき、攻撃者がノード上のサービスになりすまして応答することもできます。',
  },
  fix: {
    en: 'Remove hostPort and publish the port with a Service; types NodePort and LoadBalancer make it reachable from outside.',
    ja: 'hostPort を削除し、Service でポートを公開してください。外部に公開する場合は NodePort か LoadBalancer を使えます。',
  },
  messages: { hostPort: { en: 'must be unset or 0', ja: '未設定か 0 でなければなりません' } },
  params: noParams,
  values: z.int(),
  versions: [
    {
      since: '1.0',
      check(pod, { report }) {
        for (const { path, container } of pod.containers) {
          for (const [index, port] of (container.ports ?? []).entries()) {
            const found: unknown = port.hostPort;
            if (found !== undefined && found !== null && found !== 0) {
              report({ path: [...path, 'ports', index, 'hostPort'], message: 'hostPort', found });
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
      { container: { ports: [{ containerPort: 8080 }, { containerPort: 9090, hostPort: 0 }] } },
      { container: { ports: [] } },
    ],
    violating: [
      {
        container: { ports: [{ containerPort: 8080 }, { containerPort: 443, hostPort: 443 }] },
        violates: ['spec.containers[0].ports[1].hostPort'],
      },
      {
        pod: {
          spec: {
            initContainers: [{ ...minimalContainer, name: 'init', ports: [{ containerPort: 80, hostPort: 80 }] }],
          },
        },
        violates: ['spec.initContainers[0].ports[0].hostPort'],
      },
    ],
  },
});
