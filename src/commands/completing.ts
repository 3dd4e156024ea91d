import { Command, type Option } from 'commander';
import { podRules } from '../core/rules/groups.ts';
import { namespaceRules } from '../core/rules/index.ts';
import { everyCommand } from './every-command.ts';

/** What can stand where a value is expected: these words, files, or both. */
export interface CompletedValue {
  readonly words: readonly string[];
  readonly files: boolean;
}

/** An option of a command, or of the program. */
export interface CompletedOption {
  readonly description: string;
  /** With its dash; absent where there is only the long form. */
  readonly short?: string;
  readonly long: string;
  /** Absent for a switch. */
  readonly value?: CompletedValue;
}

/** A command, and what can follow it. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Absent where the command takes no operands. */
  readonly operands?: CompletedValue;
}

/** The program as a shell's completion needs it; all of it comes from the commands themselves. */
export interface CompletedProgram {
  readonly options: readonly CompletedOption[];
  readonly commands: readonly CompletedCommand[];
}

export async function describeCommands(program: Command): Promise<CompletedProgram> {
  const whole = new Command(program.name());
  for (const load of Object.values(everyCommand)) (await load())(whole);
  return { options: describeOptions(program), commands: whole.commands.map(describeCommand) };
}

function describeCommand(command: Command): CompletedCommand {
  const operands = operandsOf(command);
  return {
    name: command.name(),
    description: command.description(),
    options: [command, ...command.commands].flatMap(describeOptions),
    ...(operands && { operands }),
  };
}

/** A command of commands takes their names, and then what they take. */
function operandsOf(command: Command): CompletedValue | undefined {
  if (command.commands.length > 0) {
    const inner = command.commands.flatMap((each) => operandsOf(each) ?? []);
    const words = [...command.commands.map((each) => each.name()), ...inner.flatMap((each) => each.words)];
    return { words, files: inner.some(({ files }) => files) };
  }
  const [argument] = command.registeredArguments;
  if (argument === undefined) return undefined;
  const rules = command.name() === 'explain' ? [...podRules, ...namespaceRules].map(({ id }) => id) : [];
  const words = argument.argChoices ?? rules;
  return { words, files: words.length === 0 };
}

function describeOptions(command: Command): readonly CompletedOption[] {
  return command.createHelp().visibleOptions(command).map(describeOption);
}

function describeOption(option: Option): CompletedOption {
  const { short, long, description } = option;
  return {
    description,
    long: long ?? '',
    ...(short === undefined ? {} : { short }),
    ...(option.required || option.optional ? { value: valueOfOption(option) } : {}),
  };
}

const builtins = ['builtin:restricted', 'builtin:baseline'];
/** Values that are neither a choice nor a file. */
const free: ReadonlySet<string> = new Set([
  '--namespace',
  '--port',
  '--probe-port',
  '--host',
  '--context',
  '--release',
  '--set',
  '--release-name',
  '--kube-version',
]);

function valueOfOption({ long, argChoices }: Option): CompletedValue {
  if (argChoices !== undefined) return { words: argChoices, files: false };
  if (long === '--policy') return { words: builtins, files: true };
  return { words: [], files: !free.has(long ?? '') };
}
