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
  readonly helm?: readonly string[];
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly releaseName?: string;
  readonly kubeVersion?: string;
  readonly kustomize?: readonly string[];
  readonly lang: Locale;
}

const details = `
Reads files, folders (all *.yaml, *.yml and *.json below them) and, as -, standard input, which is also read where nothing
else is named. YAML means what it means to kubectl.
In folders, names that begin with a dot and node_modules are left out, and what a .sekishoignore in the folder or below it
says in the syntax of .gitignore. What is named here is checked, whatever such a file says.
--helm runs helm template, --kustomize runs kustomize build or kubectl kustomize, whichever is on the PATH. What they
write, saved or piped, is taken as well. A finding in it has the line of what was rendered, and the template that Helm
names in a comment above the object (# Source: …); in -o json as source, and rendered where file is a chart or folder.
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
    .option('--helm <chart>', 'a chart that helm renders first; repeatable', collect)
    .option('-f, --values <file>', 'values for --helm; repeatable', collect)
    .option('--set <key=value>', 'one value for --helm; repeatable', collect)
    .option('--release-name <name>', 'the release that --helm renders')
    .option('--kube-version <version>', 'the Kubernetes that --helm renders for')
    .option('--kustomize <folder>', 'a kustomization that is built first; repeatable', collect)
    .addHelpText('after', details)
    .action(async (paths: readonly string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      requirePolicy(options.policy, command);
      requireChart(options, command);
      const nothing = paths.length === 0 && options.helm === undefined && options.kustomize === undefined;
      if (nothing && process.stdin.isTTY)
        command.error('error: name files, folders, or - to read standard input', { exitCode: 2 });
      const { check } = await import('./checking.ts');
      process.exitCode = await check(nothing ? ['-'] : paths, options);
    });
}

/** Values that nothing is rendered with were meant for something. */
function requireChart({ helm, ...options }: CheckOptions, command: Command): void {
  if (helm !== undefined) return;
  const { values, set, releaseName, kubeVersion } = options;
  const stray = Object.entries({ values, set, 'release-name': releaseName, 'kube-version': kubeVersion }).find(
    ([, value]) => value !== undefined,
  );
  if (stray === undefined) return;
  command.error(`error: --${stray[0]} is for a chart: name it by --helm`, { exitCode: 2 });
}
