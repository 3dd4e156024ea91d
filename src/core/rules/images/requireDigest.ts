// thin slice; the helper's file replaces it
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

export const requireDigest = defineRule({
  id: 'requireDigest',
  severity: 'medium',
  reads: 'images',
  references: {},
  title: { en: 'Digests', ja: 'ダイジェスト' },
  why: { en: 'A tag can be moved.', ja: 'タグは付け替えられます。' },
  fix: { en: 'Name the digest.', ja: 'ダイジェストを指定してください。' },
  messages: { missing: { en: '{found} has no digest', ja: '{found} にダイジェストがありません' } },
  params: noParams,
  *check({ containers }) {
    for (const { path, container } of containers) {
      const { image } = container;
      if (typeof image !== 'string' || !image.includes('@')) {
        yield { path: [...path, 'image'], message: 'missing', found: image };
      }
    }
  },
  examples: {
    allowed: [{ container: { image: 'a.example/b@sha256:0' } }, { container: { image: 'a.example/b:1@sha256:0' } }],
    violating: [
      { violates: ['spec.containers[0].image'] },
      { container: { image: 'x' }, violates: ['spec.containers[0].image'] },
    ],
  },
});
