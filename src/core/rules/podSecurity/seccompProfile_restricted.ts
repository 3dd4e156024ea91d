import { z } from 'zod';
import { isWindowsPod } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';
import { forbiddenProfiles, repairProfile } from '../security-profile.ts';

/*
 * Pod Security Standards, "Seccomp" (v1.19+): every container must run under a seccomp profile, and it must be named.
 * Restricted fields: spec.securityContext.seccompProfile.type and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.seccompProfile.type.
 * Allowed values: RuntimeDefault, Localhost; undefined in a container if the pod has one of them; undefined on the pod
 * if every container has. Another type violates wherever it stands.
 * Since v1.25 pods with spec.os.name windows are exempt: Windows has no seccomp.
 */
export const seccompProfile_restricted = defineRule({
  id: 'seccompProfile_restricted',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['Seccomp (v1.19+)'], cis: ['v1.12: 5.6.2'] },
  title: { en: 'Seccomp profile', ja: 'seccomp プロファイル' },
  why: {
    en: 'Without a profile the container can make every system call, unless the node happens to set one. Many attacks on the kernel need calls that the default profile refuses.',
    ja: 'プロファイルがなければ、ノード側で既定値が設定されていない限り、コンテナはすべてのシステムコールを呼び出せます。カーネルへの攻撃の多くは、既定のプロファイルが拒否するシステムコールを必要とします。',
  },
  fix: {
    en: 'Set seccompProfile.type to RuntimeDefault on the pod or in every container. With a profile of the nodes use Localhost.',
    ja: 'Pod またはすべてのコンテナで seccompProfile.type を RuntimeDefault にしてください。ノードにあるプロファイルを使う場合は Localhost にします。',
  },
  messages: { type: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    {
      since: '1.19',
      overrides: ['seccompProfile_baseline'],
      check: (pod, { report }) => forbiddenProfiles(pod, report, { field: 'seccompProfile', required: true }),
    },
    {
      since: '1.25',
      overrides: ['seccompProfile_baseline'],
      check(pod, { report }) {
        if (!isWindowsPod(pod)) forbiddenProfiles(pod, report, { field: 'seccompProfile', required: true });
      },
    },
  ],
  repair: (pod, { path }) => repairProfile(pod, path),
  examples: {
    allowed: [
      {},
      {
        pod: { spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } },
        container: { securityContext: { seccompProfile: null } },
      },
      { pod: { spec: { os: { name: 'windows' } } }, container: { securityContext: null } },
      { container: { securityContext: { seccompProfile: null } }, version: 'v1.18' },
    ],
    violating: [
      {
        container: { securityContext: { seccompProfile: null } },
        violates: ['spec.containers[0].securityContext.seccompProfile.type'],
      },
      {
        pod: {
          spec: {
            securityContext: { seccompProfile: { type: 'Unconfined' } },
            ephemeralContainers: [{ ...minimalContainer, name: 'debug', securityContext: {} }],
          },
        },
        violates: [
          'spec.securityContext.seccompProfile.type',
          'spec.ephemeralContainers[0].securityContext.seccompProfile.type',
        ],
      },
      {
        pod: { spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } },
        container: { securityContext: { seccompProfile: { type: 'Unconfined', localhostProfile: 'app.json' } } },
        violates: ['spec.containers[0].securityContext.seccompProfile.type'],
      },
      {
        pod: { spec: { os: { name: 'windows' } } },
        container: { securityContext: null },
        version: 'v1.24',
        violates: ['spec.containers[0].securityContext.seccompProfile.type'],
      },
    ],
  },
});
