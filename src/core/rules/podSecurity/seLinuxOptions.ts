import { z } from 'zod';
import type { FieldPath } from '../../pod/field-path.ts';
import type { PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule, type Report } from '../rule.ts';

/*
 * Pod Security Standards, "SELinux": only types made for containers, and neither user nor role.
 * Restricted fields, in spec.securityContext.seLinuxOptions and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.seLinuxOptions:
 *   type, allowed values: undefined, "", container_t, container_init_t, container_kvm_t; since v1.31 container_engine_t
 *   user and role, allowed values: undefined, ""
 * The level is free: it separates containers from each other, and the type still binds.
 */
const types: readonly string[] = ['container_t', 'container_init_t', 'container_kvm_t'];
const typesSince31: readonly string[] = [...types, 'container_engine_t'];
const identities = ['user', 'role'] as const;

type SELinuxOptions = NonNullable<NonNullable<PodView['spec']['securityContext']>['seLinuxOptions']>;
type Message = 'type' | 'identity';

function check(
  { spec, containers }: PodView,
  { report }: CheckContext<Message>,
  allowed: readonly string[],
): undefined {
  const options = spec.securityContext?.seLinuxOptions;
  if (options) forbiddenOptions(options, report, { holder: ['spec'], allowed });
  for (const { path, container } of containers) {
    const own = container.securityContext?.seLinuxOptions;
    if (own) forbiddenOptions(own, report, { holder: path, allowed });
  }
}

function forbiddenOptions(
  options: SELinuxOptions,
  report: Report<Message>,
  { holder, allowed }: { readonly holder: FieldPath; readonly allowed: readonly string[] },
): undefined {
  const type: unknown = options.type;
  if (isSet(type) && !(typeof type === 'string' && allowed.includes(type))) {
    const path = [...holder, 'securityContext', 'seLinuxOptions', 'type'];
    report({ path, message: 'type', found: type, expected: { allowed } });
  }
  for (const field of identities) {
    const found: unknown = options[field];
    if (isSet(found)) {
      report({ path: [...holder, 'securityContext', 'seLinuxOptions', field], message: 'identity', found });
    }
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

export const seLinuxOptions = defineRule({
  id: 'seLinuxOptions',
  level: 'baseline',
  severity: 'high',
  references: { pss: ['SELinux'] },
  title: { en: 'SELinux options', ja: 'SELinux オプション' },
  why: {
    en: 'SELinux keeps a process that escaped from its container away from the files of the node. A type such as spc_t switches that off, and another user or role opens the way to such types.',
    ja: 'SELinux は、コンテナから抜け出したプロセスがノードのファイルに触れるのを防ぎます。spc_t のようなタイプはこの防御を無効にし、ユーザーやロールの変更はそのようなタイプへの道を開きます。',
  },
  fix: {
    en: 'Remove type, user and role from seLinuxOptions; the runtime then chooses container_t. The level may stay.',
    ja: 'seLinuxOptions から type・user・role を削除してください。ランタイムが container_t を選びます。level は残してかまいません。',
  },
  messages: {
    type: {
      en: 'must be unset or one of {allowed}',
      ja: '未設定か、{allowed} のいずれかでなければなりません',
    },
    identity: { en: 'must be unset or empty', ja: '未設定か空でなければなりません' },
  },
  params: noParams,
  values: z.string().max(256),
  versions: [
    { since: '1.0', check: (pod, context) => check(pod, context, types) },
    { since: '1.31', check: (pod, context) => check(pod, context, typesSince31) },
  ],
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { pod: { spec: { securityContext: { seLinuxOptions: { type: 'container_t', level: 's0:c1,c2' } } } } },
      { container: { securityContext: { seLinuxOptions: { type: '', user: '', role: '' } } } },
      { container: { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }, version: 'v1.31' },
    ],
    violating: [
      {
        container: { securityContext: { seLinuxOptions: { type: 'spc_t' } } },
        violates: ['spec.containers[0].securityContext.seLinuxOptions.type'],
      },
      {
        container: { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
        version: 'v1.30',
        violates: ['spec.containers[0].securityContext.seLinuxOptions.type'],
      },
      {
        pod: {
          spec: {
            securityContext: { seLinuxOptions: { user: 'system_u', role: 'system_r' } },
            initContainers: [
              { ...minimalContainer, name: 'init', securityContext: { seLinuxOptions: { role: 'sysadm_r' } } },
            ],
          },
        },
        violates: [
          'spec.securityContext.seLinuxOptions.user',
          'spec.securityContext.seLinuxOptions.role',
          'spec.initContainers[0].securityContext.seLinuxOptions.role',
        ],
      },
    ],
  },
});
