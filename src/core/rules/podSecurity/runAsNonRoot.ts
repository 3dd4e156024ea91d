import { hasUserNamespace, type PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Running as Non-root": the kubelet must refuse to start a container as root.
 * Restricted fields: spec.securityContext.runAsNonRoot and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.runAsNonRoot.
 * Allowed values: true; undefined in a container if the pod says true; undefined on the pod. An explicit false violates
 * wherever it stands, also on a pod whose containers all say true.
 * Since v1.35 pods with spec.hostUsers false are exempt: root in a user namespace is nobody on the node.
 */
function check({ spec, containers }: PodView, { report }: CheckContext<'nonRoot'>): undefined {
  const inherited: unknown = spec.securityContext?.runAsNonRoot ?? undefined;
  if (inherited !== undefined && inherited !== true) {
    report({ path: ['spec', 'securityContext', 'runAsNonRoot'], message: 'nonRoot', found: inherited });
  }
  for (const { path, container } of containers) {
    const found: unknown = container.securityContext?.runAsNonRoot ?? undefined;
    if ((found ?? inherited) !== true) {
      report({ path: [...path, 'securityContext', 'runAsNonRoot'], message: 'nonRoot', found });
    }
  }
}

export const runAsNonRoot = defineRule({
  id: 'runAsNonRoot',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['Running as Non-root'], cis: ['v1.12: 5.2.7'] },
  title: { en: 'Running as non-root', ja: '非 root での実行' },
  why: {
    en: 'Root in the container is root on the node as soon as it escapes, and reaches every file that is mounted. Without this field the image decides, and most images start as root.',
    ja: 'コンテナ内の root は、コンテナから抜け出すとノードの root になり、マウントされたファイルをすべて操作できます。このフィールドがなければ実行ユーザーはイメージ次第で、多くのイメージは root で起動します。',
  },
  fix: {
    en: 'Set runAsNonRoot: true on the pod or in every container. The image must name a user by a number other than 0; if it does not, set runAsUser.',
    ja: 'Pod またはすべてのコンテナで runAsNonRoot: true を指定してください。イメージのユーザーは 0 以外の数値でなければなりません。そうでない場合は runAsUser も指定してください。',
  },
  messages: { nonRoot: { en: 'must be true', ja: 'true でなければなりません' } },
  params: noParams,
  versions: [
    { since: '1.0', check },
    {
      since: '1.35',
      check(pod, context) {
        if (!hasUserNamespace(pod)) check(pod, context);
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'add', path, value: true };
  },
  examples: {
    allowed: [
      {},
      {
        pod: { spec: { securityContext: { runAsNonRoot: true } } },
        container: { securityContext: { runAsNonRoot: null } },
      },
      { pod: { spec: { hostUsers: false } }, container: { securityContext: { runAsNonRoot: false } } },
    ],
    violating: [
      {
        container: { securityContext: { runAsNonRoot: null } },
        violates: ['spec.containers[0].securityContext.runAsNonRoot'],
      },
      {
        pod: { spec: { securityContext: { runAsNonRoot: true } } },
        container: { securityContext: { runAsNonRoot: false } },
        violates: ['spec.containers[0].securityContext.runAsNonRoot'],
      },
      {
        pod: {
          spec: {
            securityContext: { runAsNonRoot: false },
            initContainers: [{ ...minimalContainer, name: 'init', securityContext: {} }],
          },
        },
        violates: ['spec.securityContext.runAsNonRoot', 'spec.initContainers[0].securityContext.runAsNonRoot'],
      },
      {
        pod: { spec: { hostUsers: false } },
        container: { securityContext: { runAsNonRoot: false } },
        version: 'v1.34',
        violates: ['spec.containers[0].securityContext.runAsNonRoot'],
      },
    ],
  },
});
