import { isWindowsPod } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Privileged Containers": privileged containers are disallowed.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.privileged.
 * Allowed values: undefined, false. All classes count: a debug container is as good a way out as any other.
 */
export const privileged = defineRule({
  id: 'privileged',
  level: 'baseline',
  severity: 'critical',
  references: { pss: ['Privileged Containers'], cis: ['v1.12: 5.2.2'] },
  title: { en: 'Privileged containers', ja: '特権コンテナ' },
  why: {
    en: "A privileged container has every capability, all of the node's devices and no seccomp or AppArmor profile. Whoever breaks into it can mount the node's disk and owns the node.",
    ja: '特権コンテナは、すべてのケーパビリティとノードの全デバイスを持ち、seccomp や AppArmor の制限も受けません。侵入した攻撃者は、ノードのディスクをマウントしてノードを乗っ取れます。',
  },
  fix: {
    en: 'Remove privileged or set it to false. If the program needs a device, use a device plugin; if it needs one capability, add that one.',
    ja: 'privileged を削除するか false にしてください。デバイスが必要ならデバイスプラグインを使い、特定の権限が必要ならそのケーパビリティだけを追加してください。',
  },
  messages: { privileged: { en: 'must be unset or false', ja: '未設定か false でなければなりません' } },
  params: noParams,
  versions: [
    {
      since: '1.0',
      check(pod, { report }) {
        for (const { path, container } of pod.containers) {
          const found: unknown = container.securityContext?.privileged;
          if (found !== undefined && found !== null && found !== false) {
            report({ path: [...path, 'securityContext', 'privileged'], message: 'privileged', found });
          }
        }
      },
    },
  ],
  *repair(pod, { path }) {
    // The API server refuses the field in Windows pods, whatever its value.
    yield isWindowsPod(pod) ? { op: 'remove', path } : { op: 'add', path, value: false };
  },
  examples: {
    allowed: [{}, { container: { securityContext: { privileged: false } } }, { container: { securityContext: null } }],
    violating: [
      {
        container: { securityContext: { privileged: true } },
        violates: ['spec.containers[0].securityContext.privileged'],
      },
      {
        pod: {
          spec: {
            initContainers: [{ ...minimalContainer, name: 'init', securityContext: { privileged: true } }],
            ephemeralContainers: [{ ...minimalContainer, name: 'debug', securityContext: { privileged: true } }],
          },
        },
        violates: [
          'spec.initContainers[0].securityContext.privileged',
          'spec.ephemeralContainers[0].securityContext.privileged',
        ],
      },
      {
        pod: { spec: { os: { name: 'windows' } } },
        container: { securityContext: { privileged: true } },
        violates: ['spec.containers[0].securityContext.privileged'],
      },
    ],
  },
});
