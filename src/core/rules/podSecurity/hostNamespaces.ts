import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Host Namespaces": sharing the host's network, process and IPC namespaces is disallowed.
 * Restricted fields: spec.hostNetwork, spec.hostPID, spec.hostIPC. Allowed values: undefined, false.
 */
const fields = ['hostNetwork', 'hostPID', 'hostIPC'] as const;

export const hostNamespaces = defineRule({
  id: 'hostNamespaces',
  level: 'baseline',
  severity: 'high',
  references: { pss: ['Host Namespaces'], cis: ['v1.12: 5.2.3, 5.2.4, 5.2.5'] },
  title: { en: 'Host namespaces', ja: 'ホストの名前空間' },
  why: {
    en: "A pod in the host's namespaces sees the node's network traffic, processes and shared memory, and can reach services that listen on the node alone.",
    ja: 'ホストの名前空間に入った Pod は、ノードの通信・プロセス・共有メモリを見ることができ、ノード内だけで待ち受けるサービスにも到達できます。',
  },
  fix: {
    en: 'Remove hostNetwork, hostPID and hostIPC, or set them to false. Publish ports with a Service instead.',
    ja: 'hostNetwork・hostPID・hostIPC を削除するか false にしてください。ポートの公開には Service を使ってください。',
  },
  messages: { shared: { en: 'must be unset or false', ja: '未設定か false でなければなりません' } },
  params: noParams,
  versions: [
    {
      since: '1.0',
      check({ spec }, { report }) {
        for (const field of fields) {
          const found: unknown = spec[field];
          if (found !== undefined && found !== null && found !== false) {
            report({ path: ['spec', field], message: 'shared', found });
          }
        }
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [{}, { pod: { spec: { hostNetwork: false, hostPID: false, hostIPC: false } } }],
    violating: [
      { pod: { spec: { hostPID: true } }, violates: ['spec.hostPID'] },
      { pod: { spec: { hostNetwork: true, hostIPC: true } }, violates: ['spec.hostNetwork', 'spec.hostIPC'] },
    ],
  },
});
