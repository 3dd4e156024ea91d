import { z } from 'zod';
import type { PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule, type Report } from '../rule.ts';
import { forbiddenProfiles, repairProfile } from '../security-profile.ts';

/*
 * Pod Security Standards, "Seccomp": seccomp must not be switched off explicitly.
 * Restricted annotations, v1.0 to v1.18: seccomp.security.alpha.kubernetes.io/pod and
 * container.seccomp.security.alpha.kubernetes.io/<name> of a container of the pod.
 * Allowed values: undefined, runtime/default, docker/default, localhost/*. Empty is none of them.
 * Restricted fields, since v1.19: spec.securityContext.seccompProfile.type and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.seccompProfile.type.
 * Allowed values: RuntimeDefault, Localhost; or no profile at all.
 */
const podKey = 'seccomp.security.alpha.kubernetes.io/pod';
const containerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const allowed: readonly string[] = ['runtime/default', 'docker/default', 'localhost/*'];

function forbiddenAnnotations({ metadata, containers }: PodView, report: Report<'annotation'>): undefined {
  if (!metadata.annotations) return;
  let names: ReadonlySet<string> | undefined;
  for (const [key, found] of Object.entries<unknown>(metadata.annotations)) {
    const forPod = key === podKey;
    if (!(forPod || key.startsWith(containerPrefix)) || isAllowed(found)) continue;
    // An annotation for a container that does not exist has no effect. A set, made once: both lists may be long.
    names ??= new Set(containers.map((container) => container.name));
    if (forPod || names.has(key.slice(containerPrefix.length))) {
      report({ path: ['metadata', 'annotations', key], message: 'annotation', found, expected: { allowed } });
    }
  }
}

function isAllowed(value: unknown): boolean {
  if (value === 'runtime/default' || value === 'docker/default') return true;
  return typeof value === 'string' && value.startsWith('localhost/');
}

export const seccompProfile_baseline = defineRule({
  id: 'seccompProfile_baseline',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['Seccomp'] },
  title: { en: 'Unconfined seccomp profile', ja: '制限のない seccomp プロファイル' },
  why: {
    en: 'Unconfined lets the container make every system call. Many attacks on the kernel need calls that the default profile refuses and that ordinary programs never make.',
    ja: 'Unconfined では、コンテナがすべてのシステムコールを呼び出せます。カーネルへの攻撃の多くは、既定のプロファイルが拒否し、通常のプログラムが使わないシステムコールを必要とします。',
  },
  fix: {
    en: 'Set seccompProfile.type to RuntimeDefault, or to Localhost with a profile of the nodes, or remove seccompProfile.',
    ja: 'seccompProfile.type を RuntimeDefault にするか、seccompProfile を削除してください。ノードにあるプロファイルを使う場合は Localhost も指定できます。',
  },
  messages: {
    type: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' },
    annotation: {
      en: 'must be unset or one of {allowed}',
      ja: '未設定か、{allowed} のいずれかでなければなりません',
    },
  },
  params: noParams,
  values: z.string().max(256),
  versions: [
    { since: '1.0', check: (pod, { report }) => forbiddenAnnotations(pod, report) },
    {
      since: '1.19',
      check: (pod, { report }) => forbiddenProfiles(pod, report, { field: 'seccompProfile', required: false }),
    },
  ],
  *repair(pod, { path, message }) {
    if (message === 'annotation') yield { op: 'remove', path };
    else yield* repairProfile(pod, path);
  },
  examples: {
    allowed: [
      { container: { securityContext: { seccompProfile: null } } },
      { container: { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'app.json' } } } },
      { pod: { metadata: { annotations: { [podKey]: 'unconfined' } } } },
      {
        pod: {
          metadata: {
            annotations: { [podKey]: 'docker/default', [`${containerPrefix}no-such-container`]: 'unconfined' },
          },
        },
        version: 'v1.18',
      },
    ],
    violating: [
      {
        container: { securityContext: { seccompProfile: { type: 'Unconfined' } } },
        violates: ['spec.containers[0].securityContext.seccompProfile.type'],
      },
      {
        pod: {
          spec: {
            securityContext: { seccompProfile: {} },
            initContainers: [
              { ...minimalContainer, name: 'init', securityContext: { seccompProfile: { type: 'runtimedefault' } } },
            ],
          },
        },
        version: 'v1.19',
        violates: [
          'spec.securityContext.seccompProfile.type',
          'spec.initContainers[0].securityContext.seccompProfile.type',
        ],
      },
      {
        pod: { metadata: { annotations: { [podKey]: 'unconfined', [`${containerPrefix}app`]: '' } } },
        version: 'v1.18',
        violates: [`metadata.annotations[${podKey}]`, `metadata.annotations[${containerPrefix}app]`],
      },
    ],
  },
});
