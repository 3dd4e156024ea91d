import { z } from 'zod';
import { hasUserNamespace } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { forbiddenProcMounts } from '../proc-mount.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "/proc Mount Type": the masks that hide parts of /proc must stay.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.procMount.
 * Allowed values: undefined, Default.
 * Since v1.35 pods with spec.hostUsers false are exempt: root in a user namespace is nobody on the node, and what the
 * masks protect belongs to the node's root. The restricted level keeps asking, see procMount_restricted.
 */
export const procMount = defineRule({
  id: 'procMount',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['/proc Mount Type'] },
  title: { en: 'Masks of /proc', ja: '/proc のマスク' },
  why: {
    en: "The runtime hides files in /proc that reveal the node's kernel memory and keys, and makes its settings read-only. Unmasked opens them all to the container; some let it crash or take over the node.",
    ja: 'コンテナランタイムは、ノードのカーネルメモリや鍵の情報が見える /proc 内のファイルを隠し、設定用のファイルを読み取り専用にします。Unmasked にするとそのすべてにアクセスでき、ノードの停止や乗っ取りに使えるものもあります。',
  },
  fix: {
    en: 'Remove procMount or set it to Default. Builders of containers that need Unmasked also need hostUsers: false, which this level allows since v1.35.',
    ja: 'procMount を削除するか Default にしてください。コンテナのビルドなどで Unmasked が必要な場合は、hostUsers: false も指定してください。このレベルでは v1.35 から許可されます。',
  },
  messages: { procMount: { en: 'must be unset or Default', ja: '未設定か Default でなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    { since: '1.0', check: forbiddenProcMounts },
    {
      since: '1.35',
      check(pod, context) {
        if (!hasUserNamespace(pod)) forbiddenProcMounts(pod, context);
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { procMount: 'Default' } } },
      { pod: { spec: { hostUsers: false } }, container: { securityContext: { procMount: 'Unmasked' } } },
    ],
    violating: [
      {
        container: { securityContext: { procMount: 'Unmasked' } },
        violates: ['spec.containers[0].securityContext.procMount'],
      },
      {
        pod: { spec: { hostUsers: false } },
        container: { securityContext: { procMount: 'Unmasked' } },
        version: 'v1.34',
        violates: ['spec.containers[0].securityContext.procMount'],
      },
      {
        pod: {
          spec: {
            hostUsers: true,
            initContainers: [{ ...minimalContainer, name: 'init', securityContext: { procMount: '' } }],
          },
        },
        violates: ['spec.initContainers[0].securityContext.procMount'],
      },
    ],
  },
});
