import { type Command, Option } from 'commander';
import type { Locale } from '../core/locale.ts';
import { builtinHint, collect } from './policy-option.ts';
import { parsePort } from './port-option.ts';

/** What the command line of `sekisho serve` says. */
export interface ServeOptions {
  readonly policy?: readonly string[];
  readonly config?: string;
  readonly host?: string;
  readonly port: number;
  readonly probePort: number;
  readonly cert?: string;
  readonly key?: string;
  readonly kubeconfig?: string;
  readonly dev?: true;
  readonly dir: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Given by `--lang`, or found in the environment. */
  readonly lang: Locale;
  readonly langGiven: boolean;
}

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Answer admission reviews over HTTPS')
    .option('-p, --policy <source>', builtinHint, collect)
    .option('--config <file>', 'settings of the installation')
    .option('--host <address>', 'address to listen on (default all; 127.0.0.1 with --dev)')
    .option('--port <port>', 'port of POST /validate; 0 picks one', parsePort, 8443)
    .option('--probe-port <port>', 'port of GET /livez, /readyz, /metrics; 0 picks one', parsePort, 8080)
    .option('--cert <file>', 'certificate and chain, PEM; re-read when it changes')
    .option('--key <file>', 'key of the certificate, PEM')
    .option(
      '--kubeconfig <file>',
      "how to reach the cluster of CA, policies and namespaces (default: the pod's service account)",
    )
    .option('--dev', 'make a CA and a certificate for loopback, and a webhook configuration to apply')
    .option('--dir <folder>', 'where --dev writes ca.crt and webhook-configuration.yaml', '.sekisho')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action(async (_options: unknown, command: Command) => {
      const langGiven = command.parent?.getOptionValueSource('lang') === 'cli';
      const options: ServeOptions = { ...command.optsWithGlobals<Omit<ServeOptions, 'langGiven'>>(), langGiven };
      const { serve } = await import('./service.ts');
      await serve(options);
    });
}
