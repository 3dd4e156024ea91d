import { z } from 'zod';
import { imagePath, imagesOf } from '../../pod/image-view.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

export const requireTag = defineRule({
  id: 'requireTag',
  severity: 'low',
  reads: 'images',
  references: {},
  title: { en: 'Required tag', ja: 'タグの指定' },
  why: {
    en: 'An image without tag and digest means whatever latest is on the day it is fetched: nobody decided which version runs.',
    ja: 'タグもダイジェストもないイメージは、取得した日の latest を意味します。どのバージョンを動かすかを誰も決めていません。',
  },
  fix: {
    en: 'Write the version after the name of the image, as in registry.example.com/app:1.0, or a digest.',
    ja: 'registry.example.com/app:1.0 のように、イメージ名の後にバージョンを書くか、ダイジェストを指定してください。',
  },
  messages: {
    ...imageProblems,
    missing: { en: '{found} has neither a tag nor a digest', ja: '{found} にはタグもダイジェストもありません' },
  },
  params: noParams,
  values: z.string().max(256),
  check(pod, { report }) {
    for (const image of imagesOf(pod)) {
      const { reference } = image;
      if (reference === undefined) report(unreadableImage(image));
      else if (reference.tag === undefined && reference.digest === undefined) {
        report({ path: imagePath(image), message: 'missing', found: image.name });
      }
    }
  },
  examples: {
    allowed: [
      { container: { image: 'registry.example.com/app:latest' } },
      {
        container: {
          image: 'registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        },
      },
    ],
    violating: [
      { container: { image: 'registry.example.com:5000/app' }, violates: ['spec.containers[0].image'] },
      {
        pod: { spec: { volumes: [{ name: 'model', image: { reference: 'registry.example.com/model' } }] } },
        violates: ['spec.volumes[0].image.reference'],
      },
      unreadableExample,
    ],
  },
});
