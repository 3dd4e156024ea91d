import type { Localized } from '../locale.ts';
import type { ReferenceProblem } from '../pod/image-reference.ts';
import { type ImageView, imagePath } from '../pod/image-view.ts';
import { minimalContainer } from './minimal-pod.ts';
import type { ViolatingExample, Violation } from './rule.ts';

/*
 * What is no image reference violates every rule about images: nobody can say which registry, tag or digest it means,
 * and what one component reads as nonsense another may read as a name.
 */

/** For the messages of every rule about images. */
export const imageProblems: Readonly<Record<ReferenceProblem, Localized>> = {
  identifier: {
    en: '{found} is the id of an image on the node, must be a name in a registry',
    ja: '{found} はノード上のイメージの ID です。レジストリにあるイメージの名前でなければなりません',
  },
  character: {
    en: '{found} has a character that no image reference can have, perhaps one that only looks like another',
    ja: '{found} には、イメージ参照に使えない文字があります（見た目が似た別の文字かもしれません）',
  },
  registry: {
    en: '{found} is no image reference: its registry must be a host name, perhaps with a port, and no scheme',
    ja: '{found} はイメージ参照ではありません。レジストリはホスト名（とポート）で、スキームを付けずに書かなければなりません',
  },
  repository: {
    en: '{found} is no image reference: its repository must be lower-case letters and digits, at most 255, with single separators between them',
    ja: '{found} はイメージ参照ではありません。リポジトリは 255 文字以内の英小文字と数字で、区切り文字はその間に 1 つずつでなければなりません',
  },
  tag: {
    en: '{found} is no image reference: its tag must be letters, digits, _ . and -, at most 128, and begin with none of the last two',
    ja: '{found} はイメージ参照ではありません。タグは 128 文字以内の英数字と _ . - で、. と - で始まってはなりません',
  },
  digest: {
    en: '{found} is no image reference: its digest must be sha256: and 64 lower-case hexadecimal digits (sha384: 96, sha512: 128)',
    ja: '{found} はイメージ参照ではありません。ダイジェストは sha256: と小文字の 16 進数 64 桁（sha384: は 96 桁、sha512: は 128 桁）でなければなりません',
  },
};

/** The violation of an image that has no reference. */
export function unreadableImage(image: ImageView): Violation<ReferenceProblem> {
  return { path: imagePath(image), message: image.problem ?? 'repository', found: image.name };
}

const digits = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** One for each of the problems. The e is a Cyrillic one. */
const unreadable: readonly string[] = [
  `sha256:${digits}`,
  'r\u0435gistry.example.com/app:1.0',
  'https://registry.example.com/app:1.0',
  'registry.example.com/App:1.0',
  'registry.example.com/app:-1.0',
  'registry.example.com/app@sha256:9f86d0',
];

/** For the examples of every rule about images. */
export const unreadableExample: ViolatingExample = {
  pod: {
    spec: {
      initContainers: unreadable.map((image, index) => ({ ...minimalContainer, name: `init-${index}`, image })),
    },
  },
  violates: unreadable.map((_, index) => `spec.initContainers[${index}].image`),
};
