// thin slice; the helper's file replaces it
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

export const disallowDefaultNamespace = defineRule({
  id: 'disallowDefaultNamespace',
  severity: 'low',
  references: {},
  title: { en: 'The default namespace', ja: 'default Namespace' },
  why: { en: 'Nobody owns it.', ja: '所有者がいません。' },
  fix: { en: 'Name another.', ja: '別の Namespace を指定してください。' },
  messages: { default: { en: 'is {found}', ja: 'は {found} です' } },
  params: noParams,
  *check({ object }) {
    if (object.namespace !== 'default') return;
    yield { path: ['metadata', 'namespace'], at: 'object', message: 'default', found: 'default' };
  },
  examples: {
    allowed: [{ pod: { metadata: { namespace: 'shop' } } }, { pod: { metadata: { namespace: 'team' } } }],
    violating: [
      { violates: ['metadata.namespace'] },
      { pod: { metadata: { namespace: 'default' } }, violates: ['metadata.namespace'] },
    ],
  },
});
