import { z } from 'zod';
import { valueAt } from '../../pod/field-path.ts';
import type { PodView } from '../../pod/pod-view.ts';
import { removeItems } from '../list-item.ts';
import { noParams } from '../no-params.ts';
import { type CheckContext, defineRule } from '../rule.ts';

/*
 * Pod Security Standards, "Sysctls": only sysctls that Kubernetes holds for safe, which means that they belong to the
 * pod alone and cannot disturb the node or other pods. The list has grown with Kubernetes, and never shrunk.
 * Restricted field: spec.securityContext.sysctls[*].name. Allowed values: the lists below, compared exactly. The kernel
 * also reads net/ipv4/tcp_rmem for net.ipv4.tcp_rmem; with slashes no name is on the list.
 */
const since0: readonly string[] = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const since27 = [...since0, 'net.ipv4.ip_local_reserved_ports'];
const since29 = [
  ...since27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const since32 = [...since29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const since37 = [...since32, 'net.ipv4.tcp_slow_start_after_idle', 'net.ipv4.tcp_notsent_lowat'];

function check({ spec }: PodView, { report }: CheckContext<'sysctl'>, allowed: readonly string[]): undefined {
  for (const [index, { name }] of (spec.securityContext?.sysctls ?? []).entries()) {
    if (!allowed.includes(name)) {
      const path = ['spec', 'securityContext', 'sysctls', index, 'name'];
      report({ path, message: 'sysctl', found: name ?? undefined, expected: { allowed } });
    }
  }
}

export const sysctls = defineRule({
  id: 'sysctls',
  level: 'baseline',
  severity: 'medium',
  references: { pss: ['Sysctls'] },
  title: { en: 'Sysctls', ja: 'sysctl' },
  why: {
    en: "Sysctls are settings of the node's kernel. Those outside the safe list are not separated per pod, or let one pod use up memory of the kernel that the whole node needs.",
    ja: 'sysctl はノードのカーネルの設定です。安全な一覧にない設定は、Pod ごとに分離されていなかったり、1 つの Pod がノード全体で必要なカーネルメモリを使い果たすことを可能にしたりします。',
  },
  fix: {
    en: 'Remove the sysctl from securityContext.sysctls, or have it set for all pods of the node by whoever runs the node.',
    ja: 'securityContext.sysctls からその sysctl を削除してください。必要な設定は、ノードの管理者がノード側で行ってください。',
  },
  messages: { sysctl: { en: 'must be one of {allowed}', ja: '{allowed} のいずれかでなければなりません' } },
  params: noParams,
  values: z.string().max(256),
  versions: [
    { since: '1.0', check: (pod, context) => check(pod, context, since0) },
    { since: '1.27', check: (pod, context) => check(pod, context, since27) },
    { since: '1.29', check: (pod, context) => check(pod, context, since29) },
    { since: '1.32', check: (pod, context) => check(pod, context, since32) },
    { since: '1.37', check: (pod, context) => check(pod, context, since37) },
  ],
  repair: (pod, { path, found }) =>
    removeItems(pod, path.slice(0, -2), (sysctl) => (valueAt(sysctl, ['name']) ?? undefined) === found),
  examples: {
    allowed: [
      {},
      { pod: { spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } } } },
      {
        pod: { spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '4096 87380 6291456' }] } } },
        version: 'v1.32',
      },
      { pod: { spec: { securityContext: { sysctls: [] } } } },
    ],
    violating: [
      {
        pod: {
          spec: {
            securityContext: {
              sysctls: [
                { name: 'kernel.msgmax', value: '65536' },
                { name: 'kernel.shm_rmid_forced', value: '1' },
                { name: 'net.core.somaxconn', value: '1024' },
              ],
            },
          },
        },
        violates: ['spec.securityContext.sysctls[0].name', 'spec.securityContext.sysctls[2].name'],
      },
      {
        pod: { spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_notsent_lowat', value: '1' }] } } },
        version: 'v1.36',
        violates: ['spec.securityContext.sysctls[0].name'],
      },
      {
        pod: { spec: { securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '0' }] } } },
        violates: ['spec.securityContext.sysctls[0].name'],
      },
    ],
  },
});
