#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { type AddCommand, everyCommand } from './commands/every-command.ts';
import { packageVersion } from './commands/version.ts';
import { messageOf, SekishoError } from './core/error.ts';
import { type Locale, locales, parseLocale } from './core/locale.ts';

/** Bad usage, unreadable or invalid input or policy. */
const exitInvalid = 2;

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('sekisho')
    .description('Judges pods against the Pod Security Standards and says what to change')
    .addOption(languageOption())
    .version(packageVersion(), '-V, --version', 'Print the version')
    .helpCommand('help [command]', 'Show the help of a command')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'sekisho: ')) });
  for (const add of await asked(argv)) add(program);
  await program.parseAsync([...argv], { from: 'user' });
}

/** The one command that is named, or all of them: for help, and for the suggestion after a misspelt one. */
async function asked(argv: readonly string[]): Promise<readonly AddCommand[]> {
  const name = argv.find((argument, index) => !argument.startsWith('-') && argv[index - 1] !== '--lang') ?? '';
  const load = Object.hasOwn(everyCommand, name) ? everyCommand[name] : undefined;
  return load === undefined ? Promise.all(Object.values(everyCommand).map((each) => each())) : [await load()];
}

function languageOption(): Option {
  return new Option('--lang <language>', 'language of messages').choices(locales).default(environmentLocale());
}

/** POSIX: the first of these that is set and not empty decides. */
function environmentLocale(): Locale {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  return parseLocale(LC_ALL || LC_MESSAGES || LANG);
}

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : exitInvalid;
  process.stderr.write(`sekisho: ${messageOf(thrown)}\n`);
  const unexpected = !(thrown instanceof SekishoError);
  if (unexpected && process.env['SEKISHO_DEBUG'] === '1' && thrown instanceof Error) {
    process.stderr.write(`${thrown.stack}\n`);
  }
  return exitInvalid;
}

// Whoever reads us (`| head`) has seen enough; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  // At once: what a failed command has already opened (a probe port) must not keep the process alive.
  process.exit(exitCodeOf(thrown));
}
