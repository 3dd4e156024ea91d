import { z } from 'zod';
import type { ImageReference } from '../../pod/image-reference.ts';
import { type ImageView, imagesOf, pullPolicyPath } from '../../pod/image-view.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { defineRule } from '../rule.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

/**
 * What the API server fills in where nothing stands: `SetDefaults_Container` and `SetDefaults_Volume`
 * (pkg/apis/core/v1/defaults.go). A tag latest counts also beside a digest.
 */
function defaultOf({ tag, digest }: ImageReference): (typeof pullPolicies)[number] {
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

/** To Go, nothing, null and the empty text are one. */
function isUnset({ pullPolicy }: ImageView): boolean {
  return pullPolicy === undefined || pullPolicy === null || pullPolicy === '';
}

export const imagePullPolicy = defineRule({
  id: 'imagePullPolicy',
  severity: 'low',
  reads: 'images',
  narrows: true,
  references: {},
  title: { en: 'Image pull policy', ja: 'イメージの取得ポリシー' },
  why: {
    en: 'With IfNotPresent and Never a pod may run an image that another pod of the node fetched with its own credentials, and an old copy of a tag that has moved since. With Always the registry is asked each time.',
    ja: 'IfNotPresent と Never では、同じノードの別の Pod がその認証情報で取得したイメージや、タグが移動する前の古いイメージが使われることがあります。Always なら毎回レジストリに問い合わせます。',
  },
  fix: {
    en: 'Set imagePullPolicy of the container, or pullPolicy of the image volume, to an allowed one. Where neither is set, the API server writes Always for the tag latest or no tag, and IfNotPresent for all else.',
    ja: 'コンテナの imagePullPolicy、またはイメージボリュームの pullPolicy に、許可された値を指定してください。未指定の場合、API サーバーはタグが latest かタグなしなら Always、それ以外なら IfNotPresent を書き込みます。',
  },
  messages: {
    ...imageProblems,
    unset: {
      en: 'is unset, which for this image means {default}, must be one of {policies}',
      ja: 'は未設定で、このイメージでは {default} を意味します。{policies} のいずれかでなければなりません',
    },
    other: {
      en: 'is {found}, must be one of {policies}',
      ja: 'は {found} です。{policies} のいずれかでなければなりません',
    },
  },
  params: z.strictObject({
    policies: z
      .array(z.enum(pullPolicies))
      .min(1)
      .max(3)
      .describe('The pull policies that containers and image volumes may have; a repair writes the first.'),
  }),
  values: z.string().max(256),
  check(pod, { report }, { policies }) {
    for (const image of imagesOf(pod)) {
      const { reference, pullPolicy } = image;
      if (reference === undefined) {
        report(unreadableImage(image));
      } else if (isUnset(image)) {
        const filled = defaultOf(reference);
        if (policies.includes(filled)) continue;
        const expected = { default: [filled], policies };
        report({ path: pullPolicyPath(image), message: 'unset', found: pullPolicy ?? undefined, expected });
      } else if (!(policies as readonly unknown[]).includes(pullPolicy)) {
        report({ path: pullPolicyPath(image), message: 'other', found: pullPolicy, expected: { policies } });
      }
    }
  },
  *repair(_pod, { path, message }, { policies: [policy] }) {
    if (message === 'unset' || message === 'other') yield { op: 'add', path, value: policy };
  },
  examples: {
    settings: { policies: ['Always'] },
    allowed: [
      { container: { imagePullPolicy: 'Always' } },
      { container: { image: 'registry.example.com/app' } },
      { container: { imagePullPolicy: 'Never' }, settings: { policies: ['IfNotPresent', 'Never'] } },
    ],
    violating: [
      { container: { imagePullPolicy: 'IfNotPresent' }, violates: ['spec.containers[0].imagePullPolicy'] },
      {
        container: { imagePullPolicy: 'Always' },
        pod: {
          spec: {
            initContainers: [{ ...minimalContainer, name: 'init', imagePullPolicy: 'always' }],
            volumes: [{ name: 'model', image: { reference: 'registry.example.com/model:3' } }],
          },
        },
        violates: ['spec.initContainers[0].imagePullPolicy', 'spec.volumes[0].image.pullPolicy'],
      },
      {
        container: { image: 'nginx' },
        settings: { policies: ['Never'] },
        violates: ['spec.containers[0].imagePullPolicy'],
      },
      { ...unreadableExample, container: { imagePullPolicy: 'Always' } },
    ],
  },
});
