import { z } from 'zod';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "HostPath Volumes": volumes that mount a path of the node are disallowed, also read-only ones.
 * Restricted field: spec.volumes[*].hostPath. Allowed value: undefined. At the restricted level restrictedVolumes asks.
 */
const source = 'hostPath';

export const hostPathVolumes = defineRule({
  id: 'hostPathVolumes',
  level: 'baseline',
  severity: 'critical',
  references: { pss: ['HostPath Volumes'], cis: ['v1.12: 5.2.11'] },
  title: { en: 'hostPath volumes', ja: 'hostPath ボリューム' },
  why: {
    en: "A hostPath volume mounts a path of the node into the container. Through it an attacker reads the kubelet's credentials and other pods' secrets, or writes files that the node runs as root.",
    ja: 'hostPath ボリュームは、ノードのパスをコンテナにマウントします。攻撃者はそこから kubelet の認証情報や他の Pod の Secret を読み出したり、ノードが root で実行するファイルを書き換えたりできます。',
  },
  fix: {
    en: 'Use emptyDir for temporary files, configMap, secret or projected for settings, and a persistentVolumeClaim for data that must last.',
    ja: '一時ファイルには emptyDir、設定には configMap・secret・projected、永続化するデータには persistentVolumeClaim を使ってください。',
  },
  messages: { hostPath: { en: 'must be unset', ja: '未設定でなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    {
      since: '1.0',
      check({ spec }, { report }) {
        for (const [index, volume] of (spec.volumes ?? []).entries()) {
          const value: unknown = volume[source];
          if (value !== undefined && value !== null) {
            report({ path: ['spec', 'volumes', index, source], message: 'hostPath', found: source });
          }
        }
      },
    },
  ],
  // No repair: which kind of volume takes its place is somebody's choice.
  examples: {
    allowed: [
      {},
      { pod: { spec: { volumes: [{ name: 'cache', emptyDir: {} }] } } },
      { pod: { spec: { volumes: [{ name: 'share', nfs: { server: 'nfs.example.com', path: '/' } }] } } },
    ],
    violating: [
      {
        pod: { spec: { volumes: [{ name: 'root', hostPath: { path: '/' } }] } },
        violates: ['spec.volumes[0].hostPath'],
      },
      {
        pod: {
          spec: {
            volumes: [
              { name: 'cache', emptyDir: {} },
              { name: 'socket', hostPath: {} },
            ],
          },
        },
        violates: ['spec.volumes[1].hostPath'],
      },
    ],
  },
});
