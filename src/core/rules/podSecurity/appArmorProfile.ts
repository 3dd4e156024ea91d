import { z } from 'zod';
import type { PodView } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule, type Report } from '../rule.ts';
import { forbiddenProfiles, repairProfile } from '../security-profile.ts';

/*
 * Pod Security Standards, "AppArmor": the default AppArmor profile may be replaced by one of the node, not switched off.
 * Restricted fields: spec.securityContext.appArmorProfile.type and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.appArmorProfile.type.
 * Allowed values: RuntimeDefault, Localhost; or no profile at all.
 * Restricted annotations: container.apparmor.security.beta.kubernetes.io/*, the older way to say the same, also for a
 * container that the pod does not have. Allowed values: undefined, "", runtime/default, localhost/*.
 */
const prefix = 'container.apparmor.security.beta.kubernetes.io/';
const allowed: readonly string[] = ['runtime/default', 'localhost/*'];

function forbiddenAnnotations({ metadata }: PodView, report: Report<'annotation'>): undefined {
  const { annotations } = metadata;
  // Own keys only: nothing that is enumerable is inherited from a parsed object's prototype.
  for (const key in annotations) {
    if (!key.startsWith(prefix)) continue;
    const found: unknown = annotations[key];
    if (!isAllowed(found)) {
      report({ path: ['metadata', 'annotations', key], message: 'annotation', found, expected: { allowed } });
    }
  }
}

function isAllowed(value: unknown): boolean {
  if (value === null || value === '' || value === 'runtime/default') return true;
  return typeof value === 'string' && value.startsWith('localhost/');
}

export const appArmorProfile = defineRule({
  id: 'appArmorProfile',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['AppArmor'] },
  title: { en: 'AppArmor profile', ja: 'AppArmor プロファイル' },
  why: {
    en: 'The default AppArmor profile keeps a container from mounting file systems and from writing to dangerous places in /proc and /sys. Unconfined takes this barrier away.',
    ja: '既定の AppArmor プロファイルは、コンテナによるファイルシステムのマウントや、/proc・/sys の危険な場所への書き込みを防ぎます。Unconfined にするとこの防御がなくなります。',
  },
  fix: {
    en: 'Remove appArmorProfile and the AppArmor annotations, or set the type to RuntimeDefault, or to Localhost with a profile that is loaded on the nodes.',
    ja: 'appArmorProfile と AppArmor のアノテーションを削除するか、type を RuntimeDefault にしてください。ノードに読み込まれたプロファイルを使う場合は Localhost も指定できます。',
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
    {
      since: '1.0',
      check(pod, { report }) {
        forbiddenAnnotations(pod, report);
        forbiddenProfiles(pod, report, { field: 'appArmorProfile', required: false });
      },
    },
  ],
  *repair(pod, { path, message }) {
    if (message === 'annotation') yield { op: 'remove', path };
    else yield* repairProfile(pod, path);
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'app' } } } },
      { pod: { metadata: { annotations: { [`${prefix}app`]: 'localhost/app', [`${prefix}other`]: '' } } } },
    ],
    violating: [
      {
        container: { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
        violates: ['spec.containers[0].securityContext.appArmorProfile.type'],
      },
      {
        pod: {
          spec: {
            securityContext: { appArmorProfile: { localhostProfile: 'app' } },
            ephemeralContainers: [
              { ...minimalContainer, name: 'debug', securityContext: { appArmorProfile: { type: 'localhost' } } },
            ],
          },
        },
        violates: [
          'spec.securityContext.appArmorProfile.type',
          'spec.ephemeralContainers[0].securityContext.appArmorProfile.type',
        ],
      },
      {
        pod: { metadata: { annotations: { [`${prefix}app`]: 'unconfined' } } },
        version: 'v1.0',
        violates: [`metadata.annotations[${prefix}app]`],
      },
    ],
  },
});
