import { z } from 'zod';
import { matchesGlob } from '../../pod/glob.ts';
import { imagePath, imagesOf } from '../../pod/image-view.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { defineRule } from '../rule.ts';

/** As upstream's tag, with stars. */
const tagPattern = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_*][A-Za-z0-9_.*-]*$/, 'must be a tag without its colon; * stands for any characters');

export const disallowedTags = defineRule({
  id: 'disallowedTags',
  severity: 'medium',
  reads: 'images',
  references: {},
  title: { en: 'Disallowed tags', ja: '禁止されたタグ' },
  why: {
    en: 'A tag such as latest moves: two pods of one Deployment may run different code, a rollback does not bring the old one back, and nobody can say later what ran.',
    ja: 'latest のようなタグは指す先が変わります。同じ Deployment の Pod が別のコードを動かすことがあり、ロールバックしても以前のコードには戻らず、何が動いていたのかを後から確認できません。',
  },
  fix: {
    en: 'Name the version: a tag that is not in the list, or a digest. An image without either has the tag latest; beside a digest the tag decides nothing.',
    ja: 'バージョンを明示してください。一覧にないタグか、ダイジェストを使います。どちらもないイメージのタグは latest です。ダイジェストがあれば、タグは何も決めません。',
  },
  messages: {
    ...imageProblems,
    disallowed: {
      en: '{found} has the tag {tag}, which is in [{tags}]',
      ja: '{found} のタグ {tag} は [{tags}] に含まれています',
    },
    untagged: {
      en: '{found} has no tag, so it means {tag}, which is in [{tags}]',
      ja: '{found} にはタグがないため {tag} を意味し、これは [{tags}] に含まれています',
    },
  },
  params: z.strictObject({
    tags: z
      .array(tagPattern)
      .min(1)
      .max(64)
      .describe('The tags that images may not have; * stands for any characters.'),
  }),
  values: z.string().max(256),
  check(pod, { report }, { tags }) {
    for (const image of imagesOf(pod)) {
      const { reference } = image;
      if (reference === undefined) report(unreadableImage(image));
      else if (reference.digest === undefined) {
        // The default of kubelet and of container runtimes.
        const tag = reference.tag ?? 'latest';
        if (!tags.some((pattern) => matchesGlob(pattern, tag))) continue;
        const message = reference.tag === undefined ? 'untagged' : 'disallowed';
        report({ path: imagePath(image), message, found: image.name, expected: { tag: [tag], tags } });
      }
    }
  },
  examples: {
    settings: { tags: ['latest', '*-dev'] },
    allowed: [
      { container: { image: 'registry.example.com/app:1.0' } },
      {
        container: {
          image:
            'registry.example.com/app:latest@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      },
    ],
    violating: [
      { container: { image: 'registry.example.com/app:latest' }, violates: ['spec.containers[0].image'] },
      { container: { image: 'registry.example.com:5000/app' }, violates: ['spec.containers[0].image'] },
      {
        pod: { spec: { volumes: [{ name: 'model', image: { reference: 'registry.example.com/model:3-dev' } }] } },
        violates: ['spec.volumes[0].image.reference'],
      },
      unreadableExample,
    ],
  },
});
