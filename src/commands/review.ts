import type { Command } from 'commander';
import type { Locale } from '../core/locale.ts';
import { builtinHint, collect, configHint, namespaceLabelsHint, requirePolicy } from './policy-option.ts';

/** What the command line of `sekisho review` says. */
export interface ReviewOptions {
  readonly policy?: readonly string[];
  readonly config?: string;
  readonly lang: Locale;
  readonly namespaceLabels?: string;
}

const details = `
Reads AdmissionReviews from standard input: one a line, or one after another in any layout. Writes the answers in the
same order, one a line. A broken document is answered with code 400, and the others are answered all the same.

Exit status:
  0  every document was answered, whatever the verdicts
  2  bad usage, a policy that cannot be read, or a broken document
  3  a document that could not be judged; its answer has code 500`;

export function addReviewCommand(program: Command): void {
  program
    .command('review')
    .description('Answer admission reviews from standard input')
    .option('-p, --policy <source>', builtinHint, collect)
    .option('--namespace-labels <file>', namespaceLabelsHint)
    .option('--config <file>', configHint)
    .addHelpText('after', details)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReviewOptions>();
      requirePolicy(options.policy, command);
      const { review } = await import('./reviewing.ts');
      process.exitCode = await review(process.stdin, options);
    });
}
