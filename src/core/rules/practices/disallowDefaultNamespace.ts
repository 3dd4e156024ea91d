import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Restricted field: metadata.namespace of the object that is applied. Forbidden value: default, also where the object
 * names none and that is what it comes to. There is nothing to repair in it: where it belongs is somebody's choice.
 */
const forbidden = 'default';

export const disallowDefaultNamespace = defineRule({
  id: 'disallowDefaultNamespace',
  severity: 'low',
  references: { cis: ['v1.12: 5.6.4'] },
  title: { en: 'The default namespace', ja: 'default 名前空間' },
  why: {
    en: 'What is applied without a thought for its namespace ends up in default. Rights, quotas, network policies and the rules of Pod Security are given by namespace, so nobody has set them for what is there.',
    ja: '名前空間を意識せずに適用したものは、default に入ります。権限、クォータ、NetworkPolicy、Pod Security の設定は名前空間ごとに行うため、default にあるものには誰も設定していません。',
  },
  fix: {
    en: 'Apply it to a namespace of its own: name one in metadata.namespace, or with --namespace.',
    ja: '専用の名前空間に適用してください。metadata.namespace または --namespace で指定します。',
  },
  messages: {
    default: {
      en: 'is {found}, must be another namespace',
      ja: 'は {found} です。別の名前空間でなければなりません',
    },
  },
  params: noParams,
  check({ object }, { report }) {
    if (object.namespace !== forbidden) return;
    report({ path: ['metadata', 'namespace'], at: 'object', message: 'default', found: object.namespace });
  },
  examples: {
    allowed: [{ pod: { metadata: { namespace: 'shop' } } }, { pod: { metadata: { namespace: 'default-2' } } }],
    violating: [
      { violates: ['metadata.namespace'] },
      { pod: { metadata: { namespace: 'default' } }, violates: ['metadata.namespace'] },
    ],
  },
});
