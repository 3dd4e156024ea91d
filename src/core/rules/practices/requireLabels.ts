import { z } from 'zod';
import {
  mapByKey,
  metadataChoices,
  metadataDemands,
  metadataMessages,
  namesSomething,
  requiredKeys,
  shortcomings,
  suggestion,
  valuePatterns,
} from '../required-metadata.ts';
import { defineRule } from '../rule.ts';

/*
 * Required field: metadata.labels[<key>] of the pod, or of the template that it is made from, for every key of `labels`
 * and `patterns`. Allowed values: any that is not empty, or any that one of the key's patterns matches. The labels of the
 * Deployment around a template are not asked: its pods do not inherit them.
 */
const value = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, 'must be the value of a label');

const pattern = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[-A-Za-z0-9_.*]+$/, 'must be the value of a label; * stands for any characters');

export const requireLabels = defineRule({
  id: 'requireLabels',
  severity: 'low',
  reads: 'metadata',
  references: {},
  title: { en: 'Required labels', ja: '必須のラベル' },
  why: {
    en: 'Labels say whose a pod is: who is woken when it fails, who pays for it, which network policies and dashboards mean it. A pod without them belongs to nobody.',
    ja: 'ラベルは Pod の持ち主を示します。障害時に誰へ連絡するか、費用を誰が負担するか、どの NetworkPolicy やダッシュボードの対象になるかは、ラベルで決まります。ラベルのない Pod には持ち主がいません。',
  },
  fix: {
    en: "Add the label to metadata.labels of the pod; in a Deployment or another workload to those of its template, because pods do not inherit the workload's own.",
    ja: 'Pod の metadata.labels にラベルを追加してください。Deployment などでは、テンプレートの metadata.labels に追加します。ワークロード自身のラベルは Pod に引き継がれません。',
  },
  messages: metadataMessages,
  choices: metadataChoices,
  params: z
    .strictObject({
      labels: requiredKeys.describe('Keys of labels that must be there and not be empty.'),
      patterns: valuePatterns(pattern).describe(
        'By the key of a label, which must be there too: what its value may be; * stands for any characters, also none.',
      ),
      suggest: mapByKey(value).describe('By the key of a label: the value to propose where it is missing.'),
    })
    .check(namesSomething('labels')),
  values: z.string().max(256),
  check: ({ metadata }, { report }, params) =>
    shortcomings(metadata.labels, report, metadataDemands(params, 'labels', params.labels)),
  repair: (_pod, violation, params) => suggestion(violation, params),
  examples: {
    settings: {
      labels: ['team'],
      patterns: { 'app.kubernetes.io/part-of': ['shop', 'pay-*'] },
      suggest: { team: 'unassigned' },
    },
    allowed: [
      { pod: { metadata: { labels: { team: 'checkout', 'app.kubernetes.io/part-of': 'pay-cards' } } } },
      { pod: { metadata: { labels: { spot: '' } } }, settings: { patterns: { spot: ['*'] } } },
    ],
    violating: [
      { violates: ['metadata.labels.team', 'metadata.labels[app.kubernetes.io/part-of]'] },
      {
        pod: { metadata: { labels: { team: '', 'app.kubernetes.io/part-of': 'shopping' } } },
        violates: ['metadata.labels.team', 'metadata.labels[app.kubernetes.io/part-of]'],
      },
    ],
  },
});
