// thin slice; the helper's file replaces it
import { z } from 'zod';
import { valueAt } from '../../pod/field-path.ts';
import { defineRule } from '../rule.ts';

export const requireLimits = defineRule({
  id: 'requireLimits',
  severity: 'medium',
  reads: 'resources',
  references: {},
  title: { en: 'Limits', ja: '上限' },
  why: { en: 'Without one a container takes all.', ja: '上限がなければすべてを使えます。' },
  fix: { en: 'Set one.', ja: '指定してください。' },
  messages: { missing: { en: 'is missing', ja: 'がありません' } },
  params: z.strictObject({
    resources: z.array(z.string().min(1).max(317)).min(1).max(32).describe('Names of resources.'),
  }),
  *check({ containers }, { resources }) {
    for (const view of containers) {
      if (view.class === 'ephemeral') continue;
      for (const name of resources) {
        if (valueAt(view.container, ['resources', 'limits', name]) == null) {
          yield { path: [...view.path, 'resources', 'limits', name], message: 'missing' };
        }
      }
    }
  },
  examples: {
    settings: { resources: ['memory'] },
    allowed: [
      { container: { resources: { limits: { memory: '1Gi' } } } },
      { container: { resources: { limits: { memory: '2Gi' } } } },
    ],
    violating: [
      { violates: ['spec.containers[0].resources.limits.memory'] },
      { container: { resources: { limits: {} } }, violates: ['spec.containers[0].resources.limits.memory'] },
    ],
  },
});
