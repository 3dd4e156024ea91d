import { valueAt } from '../../pod/field-path.ts';
import { isWindowsPod, type PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Privilege Escalation" (v1.8+): no process may gain more privileges than its parent has.
 * Restricted field: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.allowPrivilegeEscalation.
 * Allowed value: false, in every container: unset means true, and the pod has no such field to inherit from.
 * Since v1.25 pods with spec.os.name windows are exempt: the API server refuses the field there. A Linux pod gains
 * nothing by the claim, because the kubelet does not run a pod of another system than its own.
 */
function check(pod: PodView, { report }: CheckContext<'escalation'>): undefined {
  for (const { path, container } of pod.containers) {
    const found: unknown = container.securityContext?.allowPrivilegeEscalation;
    if (found !== false) {
      const at = [...path, 'securityContext', 'allowPrivilegeEscalation'];
      report({ path: at, message: 'escalation', found: found ?? undefined });
    }
  }
}

export const allowPrivilegeEscalation = defineRule({
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['Privilege Escalation (v1.8+)'], cis: ['v1.12: 5.2.6'] },
  title: { en: 'Privilege escalation', ja: '権限昇格' },
  why: {
    en: 'With escalation allowed, a program with the set-user-ID bit, such as sudo or one that an attacker finds in the image, turns an ordinary user of the container into root.',
    ja: '権限昇格が許可されていると、sudo のような set-user-ID ビットの付いたプログラムを通じて、コンテナ内の一般ユーザーが root になれます。攻撃者はイメージの中からそのようなプログラムを探します。',
  },
  fix: {
    en: 'Set allowPrivilegeEscalation: false in the securityContext of every container; programs that do not change their user do not notice.',
    ja: 'すべてのコンテナの securityContext で allowPrivilegeEscalation: false を指定してください。実行ユーザーを切り替えないプログラムには影響しません。',
  },
  messages: { escalation: { en: 'must be false', ja: 'false でなければなりません' } },
  params: noParams,
  versions: [
    { since: '1.8', check },
    {
      since: '1.25',
      check(pod, context) {
        if (!isWindowsPod(pod)) check(pod, context);
      },
    },
  ],
  *repair(pod, { path }) {
    if (isWindowsPod(pod)) return;
    yield { op: 'add', path, value: false };
    // The API server refuses a privileged container that must not escalate.
    const privileged = [...path.slice(0, -1), 'privileged'];
    const value = valueAt(pod, privileged) ?? false;
    if (value !== false) yield { op: 'add', path: privileged, value: false };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { allowPrivilegeEscalation: true } }, version: 'v1.7' },
      { pod: { spec: { os: { name: 'windows' } } }, container: { securityContext: null } },
    ],
    violating: [
      {
        container: { securityContext: { allowPrivilegeEscalation: true, privileged: true } },
        violates: ['spec.containers[0].securityContext.allowPrivilegeEscalation'],
      },
      {
        pod: { spec: { initContainers: [{ ...minimalContainer, name: 'init', securityContext: {} }] } },
        container: { securityContext: { allowPrivilegeEscalation: null } },
        violates: [
          'spec.initContainers[0].securityContext.allowPrivilegeEscalation',
          'spec.containers[0].securityContext.allowPrivilegeEscalation',
        ],
      },
      {
        pod: { spec: { os: { name: 'windows' } } },
        container: { securityContext: null },
        version: 'v1.24',
        violates: ['spec.containers[0].securityContext.allowPrivilegeEscalation'],
      },
    ],
  },
});
