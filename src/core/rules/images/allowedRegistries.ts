import { z } from 'zod';
import type { ImagePattern } from '../../pod/image-pattern.ts';
import { type ImageReference, registryOf } from '../../pod/image-reference.ts';
import { imagePath, imagesOf } from '../../pod/image-view.ts';
import { imagePattern, patternListOf } from '../image-patterns.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { defineRule } from '../rule.ts';

function allowingPattern(patterns: readonly ImagePattern[], reference: ImageReference): ImagePattern | undefined {
  return patterns.find((pattern) => pattern.matches(reference.repository));
}

export const allowedRegistries = defineRule({
  id: 'allowedRegistries',
  severity: 'high',
  reads: 'images',
  narrows: true,
  references: { cis: ['v1.12: 5.5.1'] },
  title: { en: 'Allowed registries', ja: '許可されたレジストリ' },
  why: {
    en: 'An image is code that runs in the cluster. Whoever can push to a registry that pods may come from decides what that code does; a public registry has names that anybody can take.',
    ja: 'イメージはクラスタ内で動くコードです。Pod の取得元となるレジストリに push できる人は、そのコードの中身を決められます。公開レジストリでは、誰でも名前を取得できます。',
  },
  fix: {
    en: 'Use an image of one of the repositories in the list, or copy the image there. A name without a registry is one of docker.io, nginx for example docker.io/library/nginx.',
    ja: '一覧にあるリポジトリのイメージを使うか、そこへイメージをコピーしてください。レジストリを書かない名前は docker.io のもので、たとえば nginx は docker.io/library/nginx です。',
  },
  messages: {
    ...imageProblems,
    otherRegistry: {
      en: '{found}: registry {registry} is not in [{images}]',
      ja: '{found}: レジストリ {registry} は [{images}] にありません',
    },
    otherRepository: {
      en: '{found}: repository {repository} is not in [{images}]',
      ja: '{found}: リポジトリ {repository} は [{images}] にありません',
    },
  },
  params: z.strictObject({
    images: z
      .array(imagePattern)
      .min(1)
      .max(100)
      .describe(
        'The repositories that images may come from, by canonical name: * for any characters in a segment, ** last for all that is below.',
      ),
  }),
  values: z.string().max(256),
  check(pod, { report }, params) {
    const list = patternListOf(params, allowingPattern);
    for (const image of imagesOf(pod)) {
      const { reference } = image;
      if (reference === undefined) report(unreadableImage(image));
      else if (list.find(reference) === undefined) {
        const registry = registryOf(reference);
        const isKnown = list.patterns.some((pattern) => pattern.matchesDomain(registry));
        report({
          path: imagePath(image),
          message: isKnown ? 'otherRepository' : 'otherRegistry',
          found: image.name,
          expected: isKnown
            ? { repository: [reference.repository], images: params.images }
            : { registry: [registry], images: params.images },
        });
      }
    }
  },
  examples: {
    settings: { images: ['registry.example.com/team/**', 'docker.io/library/busybox'] },
    allowed: [
      { container: { image: 'registry.example.com/team/shop/web:1.0' } },
      {
        container: { image: 'busybox' },
        pod: { spec: { volumes: [{ name: 'model', image: { reference: 'registry.example.com/team/model:3' } }] } },
      },
    ],
    violating: [
      { container: { image: 'nginx:latest' }, violates: ['spec.containers[0].image'] },
      { container: { image: 'registry.example.com/team-evil/web:1.0' }, violates: ['spec.containers[0].image'] },
      {
        container: { image: 'registry.example.com/team/web:1.0' },
        pod: {
          spec: {
            initContainers: [
              { ...minimalContainer, name: 'init', image: 'registry.example.com.evil.example/team/web' },
            ],
            volumes: [{ name: 'model', image: { reference: 'ghcr.io/acme/model:3' } }],
          },
        },
        violates: ['spec.initContainers[0].image', 'spec.volumes[0].image.reference'],
      },
      { ...unreadableExample, settings: { images: ['**'] } },
    ],
  },
});
