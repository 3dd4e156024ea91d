import { type Command, Option } from 'commander';
import type { Locale } from '../core/locale.ts';

/** What the command line of `sekisho explain` says. */
export interface ExplainOptions {
  readonly output: 'text' | 'json';
  readonly lang: Locale;
}

export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('Say what a rule judges, why, and what to change; without a rule list them all')
    .argument('[rule...]', 'ids of rules, as messages name them')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (ids: readonly string[], _options: unknown, command: Command) => {
      const { explain } = await import('./explaining.ts');
      await explain(ids, command.optsWithGlobals<ExplainOptions>());
    });
}
