import type { FieldPath } from '../../pod/field-path.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule, type Violation } from '../rule.ts';

/*
 * Pod Security Standards, "HostProcess": containers that run as processes of a Windows node are disallowed.
 * Restricted fields: spec.securityContext.windowsOptions.hostProcess and
 * spec.{containers,initContainers,ephemeralContainers}[*].securityContext.windowsOptions.hostProcess.
 * Allowed values: undefined, false. Asked of every pod, whatever its spec.os.name: an author may leave that out.
 */
function isForbidden(found: unknown): boolean {
  return found !== undefined && found !== null && found !== false;
}

function forbidden(holder: FieldPath, found: unknown): Violation<'hostProcess'> {
  const path = [...holder, 'securityContext', 'windowsOptions', 'hostProcess'];
  return { path, message: 'hostProcess', found };
}

export const windowsHostProcess = defineRule({
  id: 'windowsHostProcess',
  level: 'baseline',
  severity: 'critical',
  references: { pss: ['HostProcess'], cis: ['v1.12: 5.2.10'] },
  title: { en: 'Windows HostProcess containers', ja: 'Windows の HostProcess コンテナ' },
  why: {
    en: 'A HostProcess container is no container: it runs directly on the Windows node, under an account of the node, up to SYSTEM. Whoever controls it controls the node.',
    ja: 'HostProcess コンテナは隔離されません。Windows ノード上で直接、SYSTEM を含むノードのアカウントで実行されます。これを操作できる攻撃者は、ノードを支配できます。',
  },
  fix: {
    en: 'Remove windowsOptions.hostProcess or set it to false. Only tools that administer the node need it; give them a namespace of their own.',
    ja: 'windowsOptions.hostProcess を削除するか false にしてください。必要なのはノードを管理するツールだけです。そのようなツールは専用の Namespace で実行してください。',
  },
  messages: { hostProcess: { en: 'must be unset or false', ja: '未設定か false でなければなりません' } },
  params: noParams,
  versions: [
    {
      since: '1.0',
      check({ spec, containers }, { report }) {
        const inherited: unknown = spec.securityContext?.windowsOptions?.hostProcess;
        if (isForbidden(inherited)) report(forbidden(['spec'], inherited));
        for (const { path, container } of containers) {
          const found: unknown = container.securityContext?.windowsOptions?.hostProcess;
          if (isForbidden(found)) report(forbidden(path, found));
        }
      },
    },
  ],
  *repair(_pod, { path }) {
    yield { op: 'add', path, value: false };
  },
  examples: {
    allowed: [
      {},
      { container: { securityContext: { windowsOptions: { hostProcess: false } } } },
      { pod: { spec: { os: { name: 'windows' }, securityContext: { windowsOptions: {} } } } },
    ],
    violating: [
      {
        pod: { spec: { securityContext: { windowsOptions: { hostProcess: true } } } },
        violates: ['spec.securityContext.windowsOptions.hostProcess'],
      },
      {
        pod: {
          spec: {
            os: { name: 'windows' },
            initContainers: [
              { ...minimalContainer, name: 'init', securityContext: { windowsOptions: { hostProcess: true } } },
            ],
          },
        },
        container: { securityContext: { windowsOptions: { hostProcess: true } } },
        violates: [
          'spec.initContainers[0].securityContext.windowsOptions.hostProcess',
          'spec.containers[0].securityContext.windowsOptions.hostProcess',
        ],
      },
    ],
  },
});
