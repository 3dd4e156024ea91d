import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';
import { defaultServiceAccount, isEmpty, statedServiceAccount } from '../service-account.ts';

/*
 * Restricted fields: spec.serviceAccountName and, where that is empty, its deprecated name spec.serviceAccount. Forbidden
 * values: unset, empty and `default`, which the API server makes of the other two.
 */
export const disallowDefaultServiceAccount = defineRule({
  id: 'disallowDefaultServiceAccount',
  severity: 'medium',
  references: { cis: ['v1.12: 5.1.5'] },
  title: { en: 'The default service account', ja: 'default ServiceAccount' },
  why: {
    en: 'Every pod that names no service account shares the default one of its namespace. A right that one of them needs becomes a right of all, and the audit log does not tell them apart.',
    ja: 'ServiceAccount を指定しない Pod は、その名前空間の default を共有します。1 つの Pod のために与えた権限がすべての Pod のものになり、監査ログでもどの Pod の操作かを区別できません。',
  },
  fix: {
    en: 'Make a ServiceAccount for the program and name it in serviceAccountName. It needs no rights: those that it has not got cannot be misused.',
    ja: 'プログラム専用の ServiceAccount を作成し、serviceAccountName で指定してください。権限を与える必要はありません。権限がなければ悪用もされません。',
  },
  messages: {
    shared: {
      en: 'is {found}, must name another service account than default',
      ja: 'は {found} です。default 以外の ServiceAccount を指定しなければなりません',
    },
  },
  params: noParams,
  check({ spec }, { report }) {
    const { path, found } = statedServiceAccount(spec);
    const shared = isEmpty(found) || typeof found !== 'string' || found === defaultServiceAccount;
    if (shared) report({ path, message: 'shared', found });
  },
  examples: {
    allowed: [
      { pod: { spec: { serviceAccountName: 'web' } } },
      { pod: { spec: { serviceAccountName: '', serviceAccount: 'web' } } },
      { pod: { spec: { serviceAccountName: 'web', serviceAccount: 'default' } } },
    ],
    violating: [
      { violates: ['spec.serviceAccountName'] },
      { pod: { spec: { serviceAccountName: 'default' } }, violates: ['spec.serviceAccountName'] },
      { pod: { spec: { serviceAccount: 'default' } }, violates: ['spec.serviceAccount'] },
    ],
  },
});
