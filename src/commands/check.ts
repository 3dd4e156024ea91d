import { type Command, Option } from 'commander';
import type { Locale } from '../core/locale.ts';
import { builtinHint, collect, configHint, namespaceLabelsHint, requirePolicy } from './policy-option.ts';

/** What the command line of `sekisho check` says. */
export interface CheckOptions {
  readonly policy?: readonly string[];
  readonly config?: string;
  readonly output: 'table' | 'json' | 'yaml';
  readonly failOn: 'deny' | 'warn' | 'audit';
  readonly namespace: string;
  readonly namespaceLabels?: string;
  readonly lang: Locale;
}

const details = `
Reads files, folders (all *.yaml, *.yml and *.json below them; names that begin with a dot are left out) and, as -,
standard input, which is also read where no path is given. YAML means what it means to kubectl.
Labels of namespaces are those of the Namespace objects among the manifests; what --namespace-labels says comes first.
A namespace that stands in neither has none; a policy that selects namespaces by label has a question there.

Exit status:
  0  no violation that --fail-on minds
  1  violations at or above --fail-on
  2  bad usage, or input or a policy that cannot be read; whatever could be read is reported
  3  no such violation, but a question that could not be answered

In -o json and -o yaml, summary.objects counts all Kubernetes objects; deny, warn and audit count findings by mode;
excused counts those that an exception excuses, which neither a mode counts nor --fail-on minds; error counts findings
that are an error, and documents that could not be read.`;

export function addCheckCommand(program: Command): void {
  program
    .command('check')
    .description('Judge manifests as the webhook would')
    .argument('[path...]', 'files and folders, - for standard input')
    .option('-p, --policy <source>', builtinHint, collect)
    .option('--config <file>', configHint)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table'))
    .addOption(
      new Option('--fail-on <mode>', 'the weakest findings that fail')
        .choices(['deny', 'warn', 'audit'])
        .default('deny'),
    )
    .option('-n, --namespace <namespace>', 'where objects that name none are judged', 'default')
    .option('--namespace-labels <file>', namespaceLabelsHint)
    .addHelpText('after', details)
    .action(async (paths: readonly string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      requirePolicy(options.policy, command);
      if (paths.length === 0 && process.stdin.isTTY)
        command.error('error: name files, folders, or - to read standard input', { exitCode: 2 });
      const { check } = await import('./checking.ts');
      process.exitCode = await check(paths.length === 0 ? ['-'] : paths, options);
    });
}
