import { join } from 'node:path';
import { apiServerFiles } from '../kube-apiserver.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import type { Machine } from './machine.ts';

export interface ControllersOptions {
  /** The folder of the programs. */
  readonly binaries: string;
  readonly folder: string;
  readonly kubeconfigs: { readonly controllerManager: string; readonly scheduler: string };
}

/** What turns Deployments into pods, and finds them a node. */
export function startControllers(machine: Machine, options: ControllersOptions): readonly RunningProcess[] {
  const { controllerManager, scheduler } = options.kubeconfigs;
  const file = (name: keyof typeof apiServerFiles): string => join(options.folder, apiServerFiles[name]);
  const start = (program: string, args: readonly string[]): RunningProcess =>
    startProcess([...machine.enterNetwork, join(options.binaries, program)], args, { env: {} });
  return [
    start('kube-controller-manager', [
      `--kubeconfig=${controllerManager}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${file('signingKey')}`,
      `--root-ca-file=${file('certificateAuthority')}`,
      '--secure-port=0',
    ]),
    start('kube-scheduler', [`--kubeconfig=${scheduler}`, '--leader-elect=false', '--secure-port=0']),
  ];
}
