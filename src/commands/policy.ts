import { Argument, type Command, Option } from 'commander';

/** What the command line of `sekisho policy lint` says. */
export interface LintOptions {
  readonly output: 'table' | 'json';
  readonly strict?: true;
  readonly config?: string;
}

const lintDetails = `
Reads files, folders (all *.yaml, *.yml and *.json below them; names that begin with a dot and *.sekisho-test.* are left
out) and, as -, standard input; also what kubectl get -o yaml prints. Documents of other groups are left out.

An error is what serve and the API server refuse. A warning is what a valid document says in vain, or more than its author
may know: fields and exceptions without effect, policies that overlap, exceptions that bind no image by digest. What one
document says of another shows only where both are read: the names of policies are held against those that are, if any is.

Exit status:
  0  no error, and without --strict whatever the warnings
  1  warnings, with --strict
  2  errors, bad usage, or input that cannot be read; whatever could be read is reported`;

export function addPolicyCommand(program: Command): void {
  const policy = program.command('policy').description('Look at policies and exceptions themselves');
  addLint(policy);
  addSchema(policy);
}

function addLint(policy: Command): void {
  policy
    .command('lint')
    .description('Say what is wrong with policies and exceptions, and what is doubtful')
    .argument('<path...>', 'files and folders, - for standard input')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'))
    .option('--strict', 'exit 1 where there are warnings')
    .option('--config <file>', 'settings, for exceptions.maxDuration')
    .addHelpText('after', lintDetails)
    .action(async (paths: readonly string[], _options: unknown, command: Command) => {
      const { lintPaths } = await import('./linting.ts');
      process.exitCode = await lintPaths(paths, command.optsWithGlobals<LintOptions>());
    });
}

/** Given here, so that help and completion need not load the schemas. */
const kindNames = ['PodPolicy', 'PodPolicyException'];

function addSchema(policy: Command): void {
  policy
    .command('schema')
    .description('Print the JSON Schema of a kind, for editors; without a kind one for all of them')
    .addArgument(new Argument('[kind]', 'which kind').choices(kindNames))
    .action(async (kind: string | undefined) => {
      const [{ jsonSchemaOf, jsonSchemaOfAll }, { kinds }, { renderJson }, { writeOutput }] = await Promise.all([
        import('../core/policy/json-schema.ts'),
        import('../core/policy/kinds.ts'),
        import('../core/render/json.ts'),
        import('../io/output.ts'),
      ]);
      const wanted = kinds.find((each) => each.kind === kind);
      await writeOutput(renderJson(wanted === undefined ? jsonSchemaOfAll() : jsonSchemaOf(wanted)));
    });
}
