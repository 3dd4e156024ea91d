import { z } from 'zod';
import { imagePath, imagesOf } from '../../pod/image-view.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

export const requireDigest = defineRule({
  id: 'requireDigest',
  severity: 'medium',
  reads: 'images',
  references: {},
  title: { en: 'Required digest', ja: 'ダイジェストの指定' },
  why: {
    en: 'Only a digest binds what runs. Whoever can push to the registry can move a tag to other code, after it was reviewed, scanned and signed.',
    ja: '実行される内容を固定できるのはダイジェストだけです。レジストリに push できる人は、レビュー・スキャン・署名の後でも、タグを別のコードへ付け替えられます。',
  },
  fix: {
    en: 'Append the digest of the image, as in registry.example.com/app:1.0@sha256:…; the tag beside it may stay for people. The registry prints it when an image is pushed.',
    ja: 'registry.example.com/app:1.0@sha256:… のように、イメージのダイジェストを付けてください。タグは人間のために残してかまいません。ダイジェストはイメージの push 時に表示されます。',
  },
  messages: {
    ...imageProblems,
    missing: { en: '{found} has no digest', ja: '{found} にはダイジェストがありません' },
  },
  params: noParams,
  values: z.string().max(256),
  check(pod, { report }) {
    for (const image of imagesOf(pod)) {
      const { reference } = image;
      if (reference === undefined) report(unreadableImage(image));
      else if (reference.digest === undefined)
        report({ path: imagePath(image), message: 'missing', found: image.name });
    }
  },
  examples: {
    allowed: [
      {
        container: {
          image: 'registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      },
      {
        container: {
          image: 'registry.example.com/app:1.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      },
    ],
    violating: [
      { container: { image: 'registry.example.com/app:1.0' }, violates: ['spec.containers[0].image'] },
      {
        container: {
          image: 'registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
        pod: { spec: { volumes: [{ name: 'model', image: { reference: 'registry.example.com/model:3' } }] } },
        violates: ['spec.volumes[0].image.reference'],
      },
      {
        ...unreadableExample,
        container: {
          image: 'registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      },
    ],
  },
});
