import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Restricted field: spec.hostAliases. Allowed values: undefined, empty. The list is found as a whole: a patch cannot take
 * one entry out of it safely.
 */
export const disallowHostAliases = defineRule({
  id: 'disallowHostAliases',
  severity: 'low',
  references: {},
  title: { en: 'Host aliases', ja: 'ホストの別名' },
  why: {
    en: "A host alias writes a name and an address into the container's /etc/hosts, past the DNS of the cluster: nobody who looks there sees where the traffic goes, and when the address changes the pod keeps the old one. It can also send a trusted name to somebody else.",
    ja: 'hostAliases は、クラスターの DNS を通さずに名前とアドレスをコンテナの /etc/hosts に書き込みます。DNS を調べても通信先は分からず、アドレスが変わっても Pod は古いものを使い続けます。信頼された名前を別の宛先に向けることもできます。',
  },
  fix: {
    en: 'Remove hostAliases and put the name into DNS: a Service without selector, one of type ExternalName, or the zone of your own.',
    ja: 'hostAliases を削除し、名前は DNS に登録してください。セレクターのない Service、ExternalName 型の Service、または自社の DNS ゾーンを使えます。',
  },
  messages: { aliases: { en: 'is {found}, must be unset', ja: 'は {found} です。未設定でなければなりません' } },
  params: noParams,
  check({ spec }, { report }) {
    const found = spec.hostAliases ?? [];
    if (found.length > 0) report({ path: ['spec', 'hostAliases'], message: 'aliases', found });
  },
  *repair(_pod, { path }) {
    yield { op: 'remove', path };
  },
  examples: {
    allowed: [{}, { pod: { spec: { hostAliases: [] } } }],
    violating: [
      {
        pod: { spec: { hostAliases: [{ ip: '192.0.2.7', hostnames: ['db.example.com'] }] } },
        violates: ['spec.hostAliases'],
      },
      {
        pod: { spec: { hostAliases: [{ ip: '127.0.0.1', hostnames: ['registry.example.com'] }, { ip: '192.0.2.7' }] } },
        violates: ['spec.hostAliases'],
      },
    ],
  },
});
