import { type Command, Option } from 'commander';
import type { Locale } from '../core/locale.ts';
import { configHint } from './policy-option.ts';

/** What the command line of `sekisho test` says. */
export interface TestOptions {
  readonly config?: string;
  readonly output: 'table' | 'json' | 'junit';
  readonly lang: Locale;
}

const details = `
Reads files, and in folders all *.sekisho-test.yaml (.yml, .json) below them; names that begin with a dot are left out.
Each names policies and cases: an object, and what is expected of it. No ceiling applies. Paths in a test are meant from
where it stands. The format: docs/testing-policies.md.

  apiVersion: sekisho.dev/v1alpha1
  kind: PolicyTest
  policies: [policy.yaml]
  cases:
    - name: nobody is root on the node
      object: pods.yaml#Pod/bad
      expect: { allowed: false, includes: [{ rule: privileged }] }

Exit status:
  0  every case is as expected
  1  a case is not
  2  bad usage, or a test, policy or object that cannot be read; whatever could be read is tested
  3  no such case, but a question that could not be answered`;

export function addTestCommand(program: Command): void {
  program
    .command('test')
    .description('Test policies: objects and what is expected of them')
    .argument('<path...>', 'files and folders')
    .option('--config <file>', configHint)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'junit']).default('table'))
    .addHelpText('after', details)
    .action(async (paths: readonly string[], _options: unknown, command: Command) => {
      const { test } = await import('./testing.ts');
      process.exitCode = await test(paths, command.optsWithGlobals<TestOptions>());
    });
}
