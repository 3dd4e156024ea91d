import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { forbiddenProcMounts } from '../proc-mount.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "/proc Mount Type", as the restricted level keeps it since v1.35, when the baseline level
 * began to exempt pods with spec.hostUsers false: no exemption here. Before, procMount itself did the same.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.procMount.
 * Allowed values: undefined, Default.
 */
export const procMount_restricted = defineRule({
  id: 'procMount_restricted',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['/proc Mount Type'] },
  title: { en: 'Masks of /proc, also in user namespaces', ja: '/proc のマスク（ユーザー名前空間を含む）' },
  why: {
    en: 'Unmasked shows files of /proc that tell much about the kernel of the node and hands more of its code to an attacker. A user namespace stops most of it, not what is open to every user.',
    ja: 'Unmasked にすると、ノードのカーネルの情報を多く含む /proc 内のファイルが見え、攻撃の対象となるカーネルの機能も増えます。ユーザー名前空間で多くは防げますが、すべてのユーザーに開かれているものは防げません。',
  },
  fix: {
    en: 'Remove procMount or set it to Default. If the pod must build containers, run it in a namespace with the baseline level.',
    ja: 'procMount を削除するか Default にしてください。Pod でコンテナをビルドする必要がある場合は、baseline レベルの Namespace で実行してください。',
  },
  messages: { procMount: { en: 'must be unset or Default', ja: '未設定か Default でなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [{ since: '1.35', overrides: ['procMount'], check: forbiddenProcMounts }],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { procMount: 'Default' } } },
      { container: { securityContext: { procMount: 'Unmasked' } }, version: 'v1.34' },
    ],
    violating: [
      {
        pod: { spec: { hostUsers: false } },
        container: { securityContext: { procMount: 'Unmasked' } },
        violates: ['spec.containers[0].securityContext.procMount'],
      },
      {
        pod: {
          spec: {
            ephemeralContainers: [{ ...minimalContainer, name: 'debug', securityContext: { procMount: 'default' } }],
          },
        },
        version: 'v1.35',
        violates: ['spec.ephemeralContainers[0].securityContext.procMount'],
      },
    ],
  },
});
