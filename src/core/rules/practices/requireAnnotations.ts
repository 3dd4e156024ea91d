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
 * Required field: metadata.annotations[<key>] of the pod, or of the template that it is made from, for every key of
 * `annotations` and `patterns`. Allowed values: any that is not empty, or any that one of the key's patterns matches; one
 * of more than 1,024 characters is matched by `*` alone.
 */
const value = z.string().max(256);

const pattern = z.string().min(1).max(128);

export const requireAnnotations = defineRule({
  id: 'requireAnnotations',
  severity: 'low',
  reads: 'metadata',
  references: {},
  title: { en: 'Required annotations', ja: '必須のアノテーション' },
  why: {
    en: 'Annotations carry what people and tools need to know of a pod: a runbook, a contact, what scrapes or backs it up. Where one is missing, that is noticed when it is needed.',
    ja: 'アノテーションには、手順書、連絡先、監視やバックアップの設定など、人やツールが Pod について必要とする情報が書かれます。欠けていることに気づくのは、たいてい必要になったときです。',
  },
  fix: {
    en: "Add the annotation to metadata.annotations of the pod; in a Deployment or another workload to those of its template, because pods do not inherit the workload's own.",
    ja: 'Pod の metadata.annotations にアノテーションを追加してください。Deployment などでは、テンプレートの metadata.annotations に追加します。ワークロード自身のアノテーションは Pod に引き継がれません。',
  },
  messages: metadataMessages,
  choices: metadataChoices,
  params: z
    .strictObject({
      annotations: requiredKeys.describe('Keys of annotations that must be there and not be empty.'),
      patterns: valuePatterns(pattern).describe(
        'By the key of an annotation, which must be there too: what its value may be; * stands for any characters, also none.',
      ),
      suggest: mapByKey(value).describe('By the key of an annotation: the value to propose where it is missing.'),
    })
    .check(namesSomething('annotations')),
  values: z.string().max(256),
  check: ({ metadata }, { report }, params) =>
    shortcomings(metadata.annotations, report, metadataDemands(params, 'annotations', params.annotations)),
  repair: (_pod, violation, params) => suggestion(violation, params),
  examples: {
    settings: {
      annotations: ['example.com/contact'],
      patterns: { 'example.com/runbook': ['https://wiki.example.com/*'] },
      suggest: { 'example.com/contact': '#platform' },
    },
    allowed: [
      {
        pod: {
          metadata: {
            annotations: {
              'example.com/contact': '#checkout',
              'example.com/runbook': 'https://wiki.example.com/checkout',
            },
          },
        },
      },
      {
        pod: { metadata: { annotations: { 'example.com/owner': 'team-payments' } } },
        settings: { annotations: ['example.com/owner'] },
      },
    ],
    violating: [
      { violates: ['metadata.annotations[example.com/contact]', 'metadata.annotations[example.com/runbook]'] },
      {
        pod: {
          metadata: {
            annotations: { 'example.com/contact': '', 'example.com/runbook': 'http://wiki.example.com/checkout' },
          },
        },
        violates: ['metadata.annotations[example.com/contact]', 'metadata.annotations[example.com/runbook]'],
      },
    ],
  },
});
