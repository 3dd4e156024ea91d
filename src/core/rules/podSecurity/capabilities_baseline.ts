import { z } from 'zod';
import { removeItems } from '../list-item.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Capabilities": only capabilities of the default set may be added, and NET_RAW not even then.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.capabilities.add.
 * Allowed values: undefined, empty, or names out of the list below, compared exactly. ALL is none of them, and neither
 * is CAP_CHOWN or chown, which some runtimes understand: what is not on the list is forbidden.
 */
const allowed: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

export const capabilities_baseline = defineRule({
  id: 'capabilities_baseline',
  level: 'baseline',
  severity: 'high',
  references: { pss: ['Capabilities'] },
  title: { en: 'Added capabilities', ja: 'ケーパビリティの追加' },
  why: {
    en: 'A capability beyond the default set can be as good as root on the node: SYS_ADMIN mounts file systems, SYS_MODULE loads kernel modules, NET_RAW forges packets to other pods.',
    ja: '既定の集合を超えるケーパビリティは、ノードの root 権限に匹敵することがあります。SYS_ADMIN ではファイルシステムのマウント、SYS_MODULE ではカーネルモジュールの読み込み、NET_RAW では他の Pod へのパケットの偽造ができます。',
  },
  fix: {
    en: 'Remove the capability from capabilities.add, or replace it by one of the allowed ones.',
    ja: 'capabilities.add からそのケーパビリティを削除するか、許可されたものに置き換えてください。',
  },
  messages: { add: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    {
      since: '1.0',
      check(pod, { report }) {
        for (const { path, container } of pod.containers) {
          for (const [index, name] of (container.securityContext?.capabilities?.add ?? []).entries()) {
            if (!allowed.includes(name)) {
              const at = [...path, 'securityContext', 'capabilities', 'add', index];
              report({ path: at, message: 'add', found: name, expected: { allowed } });
            }
          }
        }
      },
    },
  ],
  repair: (pod, { path, found }) => removeItems(pod, path.slice(0, -1), (name) => name === found),
  examples: {
    allowed: [
      {},
      { container: { securityContext: { capabilities: { add: ['NET_BIND_SERVICE', 'CHOWN', 'KILL'] } } } },
      { container: { securityContext: { capabilities: { add: [] } } } },
    ],
    violating: [
      {
        container: { securityContext: { capabilities: { add: ['CHOWN', 'SYS_ADMIN', 'NET_RAW'] } } },
        violates: [
          'spec.containers[0].securityContext.capabilities.add[1]',
          'spec.containers[0].securityContext.capabilities.add[2]',
        ],
      },
      {
        pod: {
          spec: {
            initContainers: [
              { ...minimalContainer, name: 'init', securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
            ],
            ephemeralContainers: [
              { ...minimalContainer, name: 'debug', securityContext: { capabilities: { add: ['CAP_CHOWN', 'ALL'] } } },
            ],
          },
        },
        violates: [
          'spec.initContainers[0].securityContext.capabilities.add[0]',
          'spec.ephemeralContainers[0].securityContext.capabilities.add[0]',
          'spec.ephemeralContainers[0].securityContext.capabilities.add[1]',
        ],
      },
    ],
  },
});
