import { type Command, Option } from 'commander';
import type { Locale } from '../core/locale.ts';

/** What the command line of `sekisho status` says. */
export interface StatusOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly release?: string;
  readonly output: 'table' | 'json';
  readonly lang: Locale;
}

const details = `
Reads what you may see of an installation: nothing is written, and what you may not see is shown as unknown, with the
right that it takes. Credentials are looked for as kubectl does: --kubeconfig, KUBECONFIG, ~/.kube/config, the pod.

Exit status:
  0  nothing needs attention
  1  something does; it stands first, each with what to do
  2  bad usage, no API server, no installation, or several to choose from
  3  nothing that could be read needs attention, but not everything could be read`;

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('Show how an installation in a cluster is, and what needs attention')
    .option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)')
    .option('--context <name>', 'context of the kubeconfig (default: the current one)')
    .option('-n, --namespace <namespace>', 'where the installation is (default: wherever there is one)')
    .option('--release <name>', 'what Helm calls it, where there are several')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'))
    .addHelpText('after', details)
    .action(async (_options: unknown, command: Command) => {
      const { showStatus } = await import('./status-report.ts');
      process.exitCode = await showStatus(command.optsWithGlobals<StatusOptions>());
    });
}
