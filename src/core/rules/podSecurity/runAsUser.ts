import { z } from 'zod';
import type { FieldPath } from '../../pod/field-path.ts';
import { hasUserNamespace, type PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule, type Violation } from '../rule.ts';

/*
 * Pod Security Standards, "Running as Non-root user" (v1.23+): nobody may ask for user 0.
 * Restricted fields: spec.securityContext.runAsUser and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.runAsUser.
 * Allowed values: undefined, any integer but 0. What is no integer ("0", false) violates: it is never taken for a user.
 * Since v1.35 pods with spec.hostUsers false are exempt: root in a user namespace is nobody on the node.
 */
function check({ spec, containers }: PodView, { report }: CheckContext<'user'>): undefined {
  const inherited: unknown = spec.securityContext?.runAsUser;
  if (!isAllowed(inherited)) report(forbidden(['spec'], inherited));
  for (const { path, container } of containers) {
    const found: unknown = container.securityContext?.runAsUser;
    if (!isAllowed(found)) report(forbidden(path, found));
  }
}

function isAllowed(user: unknown): boolean {
  return user === undefined || user === null || (Number.isInteger(user) && user !== 0);
}

function forbidden(holder: FieldPath, found: unknown): Violation<'user'> {
  return { path: [...holder, 'securityContext', 'runAsUser'], message: 'user', found };
}

export const runAsUser = defineRule({
  id: 'runAsUser',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['Running as Non-root user (v1.23+)'], cis: ['v1.12: 5.2.7'] },
  title: { en: 'Running as user 0', ja: 'ユーザー 0 での実行' },
  why: {
    en: 'User 0 is root, whatever the image says. If an attacker gets out of the container, the process is root on the node.',
    ja: 'イメージの設定にかかわらず、ユーザー 0 は root です。攻撃者がコンテナから抜け出すと、そのプロセスはノードの root になります。',
  },
  fix: {
    en: 'Remove runAsUser and let the image choose its user, or set the number of an ordinary user, for example 1000.',
    ja: 'runAsUser を削除してイメージのユーザーを使うか、1000 のような一般ユーザーの番号を指定してください。',
  },
  messages: {
    user: { en: 'must be unset or a number other than 0', ja: '未設定か 0 以外の整数でなければなりません' },
  },
  params: noParams,
  values: z.int(),
  versions: [
    { since: '1.23', check },
    {
      since: '1.35',
      check(pod, context) {
        if (!hasUserNamespace(pod)) check(pod, context);
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { runAsUser: 1000 } } },
      { container: { securityContext: { runAsUser: 0 } }, version: 'v1.22' },
      { pod: { spec: { hostUsers: false } }, container: { securityContext: { runAsUser: 0 } } },
    ],
    violating: [
      {
        pod: { spec: { securityContext: { runAsUser: 0 } } },
        container: { securityContext: { runAsUser: 1000 } },
        violates: ['spec.securityContext.runAsUser'],
      },
      {
        pod: {
          spec: {
            initContainers: [{ ...minimalContainer, name: 'init', securityContext: { runAsUser: 0 } }],
            ephemeralContainers: [{ ...minimalContainer, name: 'debug', securityContext: { runAsUser: 0 } }],
          },
        },
        version: 'v1.23',
        violates: [
          'spec.initContainers[0].securityContext.runAsUser',
          'spec.ephemeralContainers[0].securityContext.runAsUser',
        ],
      },
      {
        pod: { spec: { hostUsers: true } },
        container: { securityContext: { runAsUser: 0 } },
        violates: ['spec.containers[0].securityContext.runAsUser'],
      },
    ],
  },
});
