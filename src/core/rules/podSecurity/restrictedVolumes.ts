import { z } from 'zod';
import type { PodView } from '../../pod/pod-view.ts';
import { noParams } from '../no-params.ts';
import { defineRule, type Report } from '../rule.ts';

/*
 * Pod Security Standards, "Volume Types": every volume must have one of the sources below.
 * Restricted field: spec.volumes[*]. Allowed: a volume with at least one allowed source; what stands beside it does not
 * count, as upstream has it, because the API server refuses a volume with two sources. A volume without any source is
 * an emptyDir: the API server makes it one before anybody judges it, and upstream's fixtures pass it.
 * The list says what is allowed, not what is forbidden: a source that Kubernetes invents tomorrow is not let through.
 */
const allowed = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const;

type Volume = NonNullable<PodView['spec']['volumes']>[number];

function isAllowed(volume: Volume): boolean {
  for (const source of allowed) {
    const value: unknown = volume[source];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
  }
  return false;
}

/** Each source is a violation of its own: else an exception for the first would let the others through. */
function forbiddenSources(volume: Volume, report: Report<'source'>, index: number): undefined {
  for (const [source, value] of Object.entries<unknown>({ ...volume })) {
    if (source === 'name' || value === undefined || value === null) continue;
    report({ path: ['spec', 'volumes', index, source], message: 'source', found: source, expected: { allowed } });
  }
}

export const restrictedVolumes = defineRule({
  id: 'restrictedVolumes',
  level: 'restricted',
  severity: 'high',
  references: { pss: ['Volume Types'] },
  title: { en: 'Volume types', ja: 'ボリュームの種類' },
  why: {
    en: 'Other volume types reach past Kubernetes: hostPath into the files of the node, network types such as nfs or iscsi to any server that the author of the pod names, mounted by the node as root.',
    ja: 'それ以外の種類のボリュームは、Kubernetes の管理の外に届きます。hostPath はノードのファイルをそのまま見せ、nfs や iscsi などのネットワーク型では、Pod の作成者が指定した任意のサーバーをノードが root 権限でマウントします。',
  },
  fix: {
    en: 'Use one of the allowed types. For network storage let an administrator make a PersistentVolume and mount it with a persistentVolumeClaim.',
    ja: '許可された種類のボリュームを使ってください。ネットワークストレージは、管理者が用意した PersistentVolume を persistentVolumeClaim でマウントしてください。',
  },
  messages: { source: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    {
      since: '1.0',
      overrides: ['hostPathVolumes'],
      check({ spec }, { report }) {
        for (const [index, volume] of (spec.volumes ?? []).entries()) {
          if (!isAllowed(volume)) forbiddenSources(volume, report, index);
        }
      },
    },
  ],
  // No repair: which kind of volume takes its place is somebody's choice.
  examples: {
    allowed: [
      {},
      {
        pod: {
          spec: {
            volumes: [
              { name: 'cache', emptyDir: {} },
              { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
              { name: 'model', image: { reference: 'registry.example.com/model:1.0' } },
            ],
          },
        },
      },
      { pod: { spec: { volumes: [{ name: 'implicit-empty-dir' }] } }, version: 'v1.0' },
    ],
    violating: [
      {
        pod: {
          spec: {
            volumes: [
              { name: 'cache', emptyDir: {} },
              { name: 'root', hostPath: { path: '/' } },
              { name: 'share', nfs: { server: 'nfs.example.com', path: '/' } },
            ],
          },
        },
        violates: ['spec.volumes[1].hostPath', 'spec.volumes[2].nfs'],
      },
      {
        pod: { spec: { volumes: [{ name: 'new', sourceOfTomorrow: {} }] } },
        violates: ['spec.volumes[0].sourceOfTomorrow'],
      },
    ],
  },
});
