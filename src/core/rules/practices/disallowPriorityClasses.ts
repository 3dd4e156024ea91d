import { z } from 'zod';
import { matchesGlob } from '../../pod/glob.ts';
import { defineRule } from '../rule.ts';

/*
 * Restricted field: spec.priorityClassName. Forbidden values: what a pattern of `denied` matches and none of `allowed`
 * does; `denied: ["*"]` makes `allowed` the list of all that may be named. Undefined and empty are allowed: the API server
 * then takes the cluster's default class. spec.priority is not looked at: the API server fills it in and refuses any other
 * number.
 */
const critical: readonly string[] = ['system-cluster-critical', 'system-node-critical'];

/** No class has a longer name; what is longer is not compared. */
const longestName = 253;

const classGlob = z
  .string()
  .min(1)
  .max(longestName)
  .regex(/^[a-z0-9.*-]+$/, 'must be the name of a priority class; * stands for any characters');

function matchesSome(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => matchesGlob(glob, name));
}

export const disallowPriorityClasses = defineRule({
  id: 'disallowPriorityClasses',
  severity: 'medium',
  narrows: true,
  references: {},
  title: { en: 'Priority classes', ja: '優先度クラス' },
  why: {
    en: "When there is no room, the scheduler evicts pods of lower priority to make some. A pod with a class that is not its own pushes others out, with a system class even the cluster's DNS and network; and everybody who may use the highest class does, until it means nothing.",
    ja: '空きがなくなると、スケジューラーは優先度の低い Pod を追い出します。本来使うべきでないクラスを指定した Pod は他の Pod を追い出し、system- で始まるクラスならクラスターの DNS やネットワークまで追い出せます。また、誰でも最高のクラスを使えると、優先度に意味がなくなります。',
  },
  fix: {
    en: 'Remove priorityClassName, or name a class that the policy allows.',
    ja: 'priorityClassName を削除するか、ポリシーで許可されたクラスを指定してください。',
  },
  messages: {
    denied: {
      en: 'is {found}, must not match any of {denied}',
      ja: 'は {found} です。{denied} のいずれにも一致してはいけません',
    },
    notAllowed: {
      en: 'is {found}, must be unset or match one of {allowed}',
      ja: 'は {found} です。未設定にするか、{allowed} のいずれかに一致しなければなりません',
    },
  },
  params: z.strictObject({
    denied: z
      .array(classGlob)
      .min(1)
      .max(64)
      .default([...critical])
      .describe('Classes that pods may not name; * stands for any characters.'),
    allowed: z
      .array(classGlob)
      .max(64)
      .default([])
      .describe('Classes that pods may name although denied matches them; * stands for any characters.'),
  }),
  values: z.string().max(256),
  check({ spec }, { report }, { denied, allowed }) {
    const found: unknown = spec.priorityClassName ?? undefined;
    if (found === undefined || found === '') return;
    const isName = typeof found === 'string' && found.length <= longestName;
    if (isName && (!matchesSome(denied, found) || matchesSome(allowed, found))) return;
    const path = ['spec', 'priorityClassName'];
    if (allowed.length === 0) report({ path, message: 'denied', found, expected: { denied } });
    else report({ path, message: 'notAllowed', found, expected: { allowed } });
  },
  examples: {
    allowed: [
      {},
      { pod: { spec: { priorityClassName: 'batch-low' } } },
      { pod: { spec: { priorityClassName: 'batch-low' } }, settings: { denied: ['*'], allowed: ['batch-*'] } },
    ],
    violating: [
      { pod: { spec: { priorityClassName: 'system-node-critical' } }, violates: ['spec.priorityClassName'] },
      {
        pod: { spec: { priorityClassName: 'urgent' } },
        settings: { denied: ['*'], allowed: ['batch-*'] },
        violates: ['spec.priorityClassName'],
      },
    ],
  },
});
