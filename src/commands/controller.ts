import { type Command, Option } from 'commander';
import { collect } from './policy-option.ts';
import { parsePort } from './port-option.ts';

/** What the command line of `sekisho controller` says. */
export interface ControllerOptions {
  readonly config: string;
  readonly kubeconfig?: string;
  readonly policy?: readonly string[];
  readonly host?: string;
  readonly probePort: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly cleanup?: true;
  readonly canaries?: true;
}

export function addControllerCommand(program: Command): void {
  program
    .command('controller')
    .description(
      'Keep an installation in a cluster in order: certificates, status, proof that every path is intercepted',
    )
    .requiredOption('--config <file>', 'settings of the installation')
    .option('--kubeconfig <file>', "how to reach the cluster (default: the pod's service account)")
    .option(
      '-p, --policy <source>',
      'file or folder of policies that serve reads: their names are taken; repeatable',
      collect,
    )
    .option('--host <address>', 'address to listen on for probes (default all)')
    .option('--probe-port <port>', 'port of GET /livez, /readyz, /metrics; 0 picks one', parsePort, 8080)
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(new Option('--cleanup', 'delete the webhook configuration, then end').conflicts('canaries'))
    .option('--canaries', 'say which paths to a pod are intercepted, then end: 0 all, 1 not all, 3 undecided')
    .action(async (_options: unknown, command: Command) => {
      const { control } = await import('./controlling.ts');
      await control(command.optsWithGlobals<ControllerOptions>());
    });
}
