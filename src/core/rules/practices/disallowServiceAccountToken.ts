import { z } from 'zod';
import { matchesGlob } from '../../pod/glob.ts';
import { defineRule } from '../rule.ts';
import { defaultServiceAccount, isEmpty, statedServiceAccount } from '../service-account.ts';

/*
 * Restricted field: spec.automountServiceAccountToken. Allowed value: false. Unset means that the ServiceAccount decides,
 * and where that says nothing either, the token is mounted. What the ServiceAccount says does not stand in the pod and can
 * change behind it, so unset violates even where it says false: the pod's own word comes first, and holds.
 * A projected volume with a serviceAccountToken is not meant: whoever writes one asks for that token on purpose, with an
 * audience and an end.
 */
const accountGlob = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9.*-]+$/, 'must be the name of a service account; * stands for any characters');

export const disallowServiceAccountToken = defineRule({
  id: 'disallowServiceAccountToken',
  severity: 'medium',
  narrows: true,
  references: { cis: ['v1.12: 5.1.6'] },
  title: { en: 'Service account tokens', ja: 'ServiceAccount のトークン' },
  why: {
    en: 'Every container finds the token in its file system unless somebody says no. Whoever breaks into the container then speaks to the API server in its name, with every right that the service account has or is given one day.',
    ja: '明示的に無効にしない限り、すべてのコンテナのファイルシステムにトークンが置かれます。コンテナに侵入した攻撃者は、その ServiceAccount の名前で API サーバーを操作でき、今ある権限も今後与えられる権限も使えます。',
  },
  fix: {
    en: 'Set automountServiceAccountToken: false in the pod. The ServiceAccount may say false too, but the pod does not show that. A program that does use the API server needs a service account of its own, which the policy allows by name.',
    ja: 'Pod で automountServiceAccountToken: false を指定してください。ServiceAccount 側で false にもできますが、Pod からはそれを確認できません。API サーバーを使うプログラムには専用の ServiceAccount を用意し、ポリシーでその名前を許可してください。',
  },
  messages: { token: { en: 'is {found}, must be false', ja: 'は {found} です。false でなければなりません' } },
  params: z.strictObject({
    allowed: z
      .array(accountGlob)
      .max(64)
      .default([])
      .describe('Service accounts whose pods may have their token; * stands for any characters.'),
  }),
  check({ spec }, { report }, { allowed }) {
    const found: unknown = spec.automountServiceAccountToken ?? undefined;
    if (found === false) return;
    if (allowed.length > 0) {
      const account = statedServiceAccount(spec).found;
      const name = isEmpty(account) ? defaultServiceAccount : account;
      if (typeof name === 'string' && name.length <= 253 && allowed.some((glob) => matchesGlob(glob, name))) return;
    }
    report({ path: ['spec', 'automountServiceAccountToken'], message: 'token', found });
  },
  *repair(_pod, { path }) {
    yield { op: 'add', path, value: false };
  },
  examples: {
    settings: { allowed: ['operator-*'] },
    allowed: [
      { pod: { spec: { automountServiceAccountToken: false } } },
      { pod: { spec: { serviceAccountName: 'operator-backup' } } },
    ],
    violating: [
      { violates: ['spec.automountServiceAccountToken'] },
      {
        pod: { spec: { automountServiceAccountToken: true, serviceAccountName: 'web' } },
        violates: ['spec.automountServiceAccountToken'],
      },
    ],
  },
});
