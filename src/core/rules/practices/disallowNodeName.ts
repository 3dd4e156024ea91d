import { z } from 'zod';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Restricted field: spec.nodeName. Allowed values: undefined, empty. Whoever sets it makes the pod past the scheduler, and
 * so past taints, affinities, free capacity and reserved nodes. The scheduler sets it by a binding, which is no update of
 * the pod; the DaemonSet controller says by node affinity where its pods belong. A pod that runs already has it, so it is
 * asked of pods that are made and of templates, not of pods that are updated.
 */
export const disallowNodeName = defineRule({
  id: 'disallowNodeName',
  severity: 'medium',
  references: {},
  title: { en: 'Chosen nodes', ja: 'ノードの直接指定' },
  why: {
    en: 'A pod that names its node is not scheduled: it gets onto control planes and reserved nodes past their taints, onto full nodes, and next to the pods that an attacker wants to be near. `kubectl debug node/…` makes such pods.',
    ja: 'ノードを直接指定した Pod はスケジューラーを通りません。taint を無視してコントロールプレーンや専用ノードに入り込み、空きのないノードや、攻撃者が狙う Pod の隣にも配置できます。`kubectl debug node/…` もこのような Pod を作成します。',
  },
  fix: {
    en: 'Remove nodeName. Say with nodeSelector, node affinity and tolerations which nodes will do, and let the scheduler choose.',
    ja: 'nodeName を削除してください。使えるノードの条件は nodeSelector、nodeAffinity、tolerations で指定し、選択はスケジューラーに任せてください。',
  },
  messages: { chosen: { en: 'is {found}, must be unset', ja: 'は {found} です。未設定でなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  check({ spec }, { report }) {
    const found: unknown = spec.nodeName ?? undefined;
    if (found !== undefined && found !== '') report({ path: ['spec', 'nodeName'], message: 'chosen', found });
  },
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [
      {},
      { pod: { spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } } } },
      { pod: { spec: { nodeName: '' } } },
    ],
    violating: [
      { pod: { spec: { nodeName: 'control-plane-1' } }, violates: ['spec.nodeName'] },
      {
        pod: { spec: { nodeName: 'node-7', tolerations: [{ operator: 'Exists' }] } },
        violates: ['spec.nodeName'],
      },
    ],
  },
});
