import { z } from 'zod';
import type { ImagePattern } from '../../pod/image-pattern.ts';
import { type ImageReference, registryOf } from '../../pod/image-reference.ts';
import { imagePath, imagesOf } from '../../pod/image-view.ts';
import { imagePattern, patternListOf } from '../image-patterns.ts';
import { imageProblems, unreadableExample, unreadableImage } from '../image-problems.ts';
import { defineRule } from '../rule.ts';

/** Other hosts of Docker Hub's registry; the second is the one that container runtimes ask for docker.io. */
const dockerHubHosts: readonly string[] = ['index.docker.io', 'registry-1.docker.io'];

/**
 * Names under which the same repository can be asked for. What an allow list does not know it does not allow, so there
 * one name will do; here each other way to write a host is a way around: `GHCR.IO`, `ghcr.io:443`, `ghcr.io:00443`.
 */
function namesOf(reference: ImageReference): readonly string[] {
  const { repository } = reference;
  const registry = registryOf(reference);
  const lower = registry.toLowerCase();
  const rest = repository.slice(registry.length);
  const port = /:([0-9]+)$/.exec(lower);
  const host = port === null ? lower : lower.slice(0, port.index);
  const names = [repository, lower + rest, host + rest];
  if (port !== null) names.push(`${host}:${BigInt(port[1] ?? '')}${rest}`);
  if (dockerHubHosts.includes(host)) names.push(`docker.io${rest}`);
  return names;
}

function denyingPattern(patterns: readonly ImagePattern[], reference: ImageReference): ImagePattern | undefined {
  const names = namesOf(reference);
  return patterns.find((pattern) => names.some((name) => pattern.matches(name)));
}

export const deniedRegistries = defineRule({
  id: 'deniedRegistries',
  severity: 'medium',
  reads: 'images',
  references: {},
  title: { en: 'Denied registries', ja: '禁止されたレジストリ' },
  why: {
    en: 'A registry may be known for what must not run: retired, without support, or open to anybody. A list of what is denied never knows every mirror; allowedRegistries needs not know them.',
    ja: '廃止された、サポートがない、誰でも push できるなどの理由で、使ってはならないレジストリがあります。禁止の一覧はすべてのミラーを網羅できません。allowedRegistries ならその必要がありません。',
  },
  fix: {
    en: 'Use an image from another registry. A name without a registry is one of docker.io. In this list a registry without a port is meant at every port.',
    ja: '別のレジストリのイメージを使ってください。レジストリを書かない名前は docker.io のものです。この一覧でポートを書かないレジストリは、すべてのポートを意味します。',
  },
  messages: {
    ...imageProblems,
    denied: {
      en: '{found}: repository {repository} is denied by {pattern}',
      ja: '{found}: リポジトリ {repository} は {pattern} により禁止されています',
    },
  },
  params: z.strictObject({
    images: z
      .array(imagePattern)
      .min(1)
      .max(100)
      .describe(
        'The repositories that images may not come from, by canonical name: * for any characters in a segment, ** last for all that is below.',
      ),
  }),
  values: z.string().max(256),
  check(pod, { report }, params) {
    const list = patternListOf(params, denyingPattern);
    for (const image of imagesOf(pod)) {
      const { reference } = image;
      if (reference === undefined) {
        report(unreadableImage(image));
        continue;
      }
      const pattern = list.find(reference);
      if (pattern !== undefined) {
        const expected = { repository: [reference.repository], pattern: [pattern.text] };
        report({ path: imagePath(image), message: 'denied', found: image.name, expected });
      }
    }
  },
  examples: {
    settings: { images: ['docker.io/**', 'ghcr.io/retired/*'] },
    allowed: [{}, { container: { image: 'ghcr.io/acme/web:1.0' } }],
    violating: [
      { container: { image: 'nginx:1.29' }, violates: ['spec.containers[0].image'] },
      { container: { image: 'GHCR.IO:443/retired/web:1.0' }, violates: ['spec.containers[0].image'] },
      {
        pod: { spec: { volumes: [{ name: 'model', image: { reference: 'registry-1.docker.io/acme/model:3' } }] } },
        violates: ['spec.volumes[0].image.reference'],
      },
      unreadableExample,
    ],
  },
});
