import { containerWith, type Json, podWith, reviewOf } from './admission-requests.ts';
import type { Pair } from './every-field-cases.ts';

const ours = containerWith({ image: 'registry.example.com/team/app:1.0', imagePullPolicy: 'IfNotPresent' });

/** Two settings of a rule, asked of a pod that one of them allows. */
function settings(rule: string, one: Json, other: Json): Pair {
  const spec = (entry: Json): Json => ({ mode: 'Enforce', images: { [rule]: entry } });
  return { one: spec(one), other: spec(other), review: reviewOf(podWith({ containers: [ours] })) };
}

/** The settings of the rules about images, by the path of the field. */
export const imagesPairs: ReadonlyMap<string, Pair> = new Map<string, Pair>([
  [
    'spec.images.allowedRegistries.images.[]',
    settings(
      'allowedRegistries',
      { images: ['registry.example.com/team/*'] },
      { images: ['registry.example.com/team'] },
    ),
  ],
  [
    'spec.images.deniedRegistries.images.[]',
    settings('deniedRegistries', { images: ['registry.example.com/team/*'] }, { images: ['registry.example.com/*'] }),
  ],
  ['spec.images.disallowedTags.tags.[]', settings('disallowedTags', { tags: ['1.*'] }, { tags: ['1.1'] })],
  [
    'spec.images.imagePullPolicy.policies.[]',
    settings('imagePullPolicy', { policies: ['IfNotPresent'] }, { policies: ['Always'] }),
  ],
]);
