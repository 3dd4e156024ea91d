import { z } from 'zod';
import { isWindowsPod, type PodView } from '../../pod/pod-view.ts';
import { removeItems } from '../list-item.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Capabilities" (v1.22+): containers must drop ALL and may add only NET_BIND_SERVICE.
 * Restricted fields: spec.{containers,initContainers,ephemeralContainers}[*].securityContext.capabilities.{drop,add}.
 * The names are compared exactly, as upstream does: "all" is not ALL, and the kubelet would ignore it.
 * Since v1.25 pods with spec.os.name windows are exempt: Windows has no capabilities.
 */
const dropped = 'ALL';
const allowed: readonly string[] = ['NET_BIND_SERVICE'];

function check(pod: PodView, { report }: CheckContext<'dropAll' | 'add'>): undefined {
  for (const { path, container } of pod.containers) {
    const capabilities = container.securityContext?.capabilities;
    if (!capabilities?.drop?.includes(dropped)) {
      const at = [...path, 'securityContext', 'capabilities', 'drop'];
      report({ path: at, message: 'dropAll', found: capabilities?.drop ?? undefined });
    }
    for (const [index, name] of (capabilities?.add ?? []).entries()) {
      if (!allowed.includes(name)) {
        const at = [...path, 'securityContext', 'capabilities', 'add', index];
        report({ path: at, message: 'add', found: name, expected: { allowed } });
      }
    }
  }
}

export const capabilities_restricted = defineRule({
  id: 'capabilities_restricted',
  level: 'restricted',
  severity: 'medium',
  references: { pss: ['Capabilities (v1.22+)'], cis: ['v1.12: 5.2.8, 5.2.9'] },
  title: { en: 'Dropped capabilities', ja: 'ケーパビリティの削除' },
  why: {
    en: 'Capabilities are pieces of root. Even the default set lets a process change file owners, forge packets or create device nodes; few programs need any.',
    ja: 'ケーパビリティは root 権限の一部です。既定の集合だけでも、ファイル所有者の変更、パケットの偽造、デバイスノードの作成ができます。必要とするプログラムはほとんどありません。',
  },
  fix: {
    en: 'Set capabilities.drop to [ALL] in every container. Add back NET_BIND_SERVICE only if it listens on a port below 1024.',
    ja: 'すべてのコンテナで capabilities.drop を [ALL] にしてください。1024 未満のポートで待ち受ける場合に限り NET_BIND_SERVICE を追加できます。',
  },
  messages: {
    dropAll: { en: 'must include ALL', ja: 'ALL を含まなければなりません' },
    add: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' },
  },
  params: noParams,
  values: z.string().max(256),
  versions: [
    { since: '1.22', overrides: ['capabilities_baseline'], check },
    {
      since: '1.25',
      overrides: ['capabilities_baseline'],
      check(pod, context) {
        if (!isWindowsPod(pod)) check(pod, context);
      },
    },
  ],
  *repair(pod, { path, message, found }) {
    if (message === 'add') yield* removeItems(pod, path.slice(0, -1), (name) => name === found);
    // The API server refuses capabilities in Windows pods, which only versions before 1.25 ask for.
    else if (!isWindowsPod(pod)) yield { op: 'add', path, value: [dropped] };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } } },
      { pod: { spec: { os: { name: 'windows' } } }, container: { securityContext: null } },
    ],
    violating: [
      {
        container: { securityContext: { capabilities: null } },
        violates: ['spec.containers[0].securityContext.capabilities.drop'],
      },
      {
        container: { securityContext: { capabilities: { drop: ['all'] } } },
        violates: ['spec.containers[0].securityContext.capabilities.drop'],
      },
      {
        container: { securityContext: { capabilities: { add: ['NET_BIND_SERVICE', 'CHOWN'] } } },
        violates: ['spec.containers[0].securityContext.capabilities.add[1]'],
      },
      {
        pod: { spec: { os: { name: 'windows' } } },
        container: { securityContext: null },
        version: 'v1.24',
        violates: ['spec.containers[0].securityContext.capabilities.drop'],
      },
    ],
  },
});
