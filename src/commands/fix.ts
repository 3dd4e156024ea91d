import { type Command, Option } from 'commander';
import type { CheckOptions } from './check.ts';
import { builtinHint, collect, configHint, namespaceLabelsHint, requirePolicy } from './policy-option.ts';

/** What the command line of `sekisho fix` says. */
export interface FixOptions
  extends Pick<CheckOptions, 'policy' | 'config' | 'output' | 'failOn' | 'namespace' | 'namespaceLabels' | 'lang'> {
  readonly dryRun?: true;
}

const details = `
Reads files and folders as check does, and edits them in place: only what a rule knows a safe value for, only where the
rules find no more afterwards than before, and only the lines that have to change. Comments, order, layout, anchors and
line ends stay; a comment behind something that goes becomes a line of its own. What is left is listed.

Not edited, with the reason: values that another place shares by an anchor, fields that come by <<, files that hold
template actions ({{ … }}), files of which a part cannot be read, and whatever changes while it is read.

Exit status:
  0  no violation is left that --fail-on minds
  1  violations at or above --fail-on are left; with --dry-run also: there is something to change
  2  bad usage, or input or a policy that cannot be read, or a file that cannot be written
  3  no such violation, but a question that could not be answered

--dry-run prints what would change as a unified diff, which patch -p0 takes, and changes nothing. What is listed after it
has the positions of the files as they are.`;

export function addFixCommand(program: Command): void {
  program
    .command('fix')
    .description('Judge manifests, and change them so that they pass')
    .argument('<path...>', 'files and folders')
    .option('-p, --policy <source>', builtinHint, collect)
    .option('--config <file>', configHint)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table'))
    .addOption(
      new Option('--fail-on <mode>', 'the weakest findings that are repaired, and fail where that cannot be')
        .choices(['deny', 'warn', 'audit'])
        .default('deny'),
    )
    .option('-n, --namespace <namespace>', 'where objects that name none are judged', 'default')
    .option('--namespace-labels <file>', namespaceLabelsHint)
    .option('--dry-run', 'show what would change, and change nothing')
    .addHelpText('after', details)
    .action(async (paths: readonly string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<FixOptions>();
      requirePolicy(options.policy, command);
      if (paths.includes('-'))
        command.error('error: standard input cannot be edited: name files or folders', { exitCode: 2 });
      const { fix } = await import('./fixing.ts');
      process.exitCode = await fix(paths, options);
    });
}
