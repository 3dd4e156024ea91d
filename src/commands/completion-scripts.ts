import type { CompletedCommand, CompletedOption, CompletedProgram, CompletedValue } from './completing.ts';

/** For bash 3.2 and later, without the bash-completion package. */
export function bashScript({ options, commands }: CompletedProgram): string {
  const global = options.flatMap((option) => bashValues('*', option));
  const own = commands.flatMap(({ name, options: each }) => each.flatMap((option) => bashValues(name, option)));
  const cases = commands.map((command) => bashOperands(command, options));
  const names = commands.map(({ name }) => name);
  const valued = options.filter(({ value }) => value !== undefined).map(({ long }) => long);
  return `# bash completion for sekisho
_sekisho_offer() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
  if [[ $2 == files ]]; then COMPREPLY+=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; fi
}
_sekisho() {
  # Read from the line: bash cuts words at the colon of builtin:restricted, and wants only what follows it.
  local line=\${COMP_LINE:0:COMP_POINT} command='' previous='' cur word skip=''
  cur=\${line##*[[:space:]]}
  local -a words
  read -ra words <<< "\${line%"$cur"}"
  for word in "\${words[@]:1}"; do
    if [[ -n $skip ]]; then skip=''; elif [[ ' ${valued.join(' ')} ' == *" $word "* ]]; then skip=1
    elif [[ $word != -* && -z $command ]]; then command=$word; fi
  done
  previous=\${words[\${#words[@]}-1]}
  if [[ $cur == --*=* ]]; then previous=\${cur%%=*}; cur=\${cur#*=}; fi
  case $command/$previous in
${[...own, ...global].join('\n')}
    *) case $command in
      '') _sekisho_offer $'${bashWords([...names, ...flagsOf(options)])}' ;;
${cases.join('\n')}
    esac ;;
  esac
  local colon=\${cur%"\${cur##*:}"}
  if [[ -n $colon ]]; then COMPREPLY=("\${COMPREPLY[@]#"$colon"}"); fi
}
complete -F _sekisho sekisho
`;
}

function bashValues(command: string, { short, long, value }: CompletedOption): readonly string[] {
  if (value === undefined) return [];
  const patterns = [short, long].flatMap((flag) => (flag === undefined ? [] : [`${command}/${flag}`]));
  return [`    ${patterns.join('|')}) _sekisho_offer ${bashValue(value)} ;;`];
}

function bashValue({ words, files }: CompletedValue): string {
  return `$'${bashWords(words)}'${files ? ' files' : ''}`;
}

function bashWords(words: readonly string[]): string {
  return words.join('\\n');
}

function bashOperands({ name, options, operands }: CompletedCommand, global: readonly CompletedOption[]): string {
  const flags = flagsOf([...options, ...global]);
  const offered = { words: [...(operands?.words ?? []), ...flags], files: operands?.files ?? false };
  return `      ${name}) _sekisho_offer ${bashValue(offered)} ;;`;
}

/** The help option belongs to every command. */
function flagsOf(options: readonly CompletedOption[]): readonly string[] {
  return [...new Set(options.map(({ long }) => long))];
}

export function zshScript({ options, commands }: CompletedProgram): string {
  const names = commands.map(({ name, description }) => `    ${quoted(`${zshText(name)}:${description}`)}`);
  const cases = commands.map(
    (command) => `        ${command.name}) _arguments ${zshArguments(command, options).join(' ')} ;;`,
  );
  return `#compdef sekisho
_sekisho_or_files() {
  compadd -- "$@"
  _files
}
_sekisho() {
  local context state line
  typeset -A opt_args
  local -a commands
  commands=(
${names.join('\n')}
  )
  _arguments -C ${options.map(zshOption).join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}
compdef _sekisho sekisho
`;
}

function zshArguments({ options, operands }: CompletedCommand, global: readonly CompletedOption[]): readonly string[] {
  const own = new Set(flagsOf(options));
  const all = [...options, ...global.filter(({ long }) => !own.has(long))].map(zshOption);
  return operands === undefined ? all : [...all, quoted(`*:argument:${zshAction(operands)}`)];
}

function zshOption({ short, long, description, value }: CompletedOption): string {
  const text = `[${zshText(description)}]`;
  // Repeatable, because --policy is; the others take the last one given.
  if (value === undefined)
    return [short, long].flatMap((flag) => (flag === undefined ? [] : [quoted(`${flag}${text}`)])).join(' ');
  const action = `:value:${zshAction(value)}`;
  const forms = [`*${long}=${text}${action}`, ...(short === undefined ? [] : [`*${short}${text}${action}`])];
  return forms.map(quoted).join(' ');
}

function zshAction({ words, files }: CompletedValue): string {
  if (words.length === 0) return files ? '_files' : ' ';
  const list = words.map(zshText).join(' ');
  return files ? ` _sekisho_or_files ${list}` : `(${list})`;
}

function zshText(text: string): string {
  return text.replace(/[\\[\]:]/g, (character) => `\\${character}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function fishScript({ options, commands }: CompletedProgram): string {
  const lines = ['# fish completion for sekisho', 'complete -c sekisho -f'];
  for (const option of options) lines.push(`complete -c sekisho ${fishOption(option)}`);
  for (const { name, description, options: own, operands } of commands) {
    lines.push(`complete -c sekisho -n __fish_use_subcommand -a ${name} -d ${fishText(description)}`);
    const within = `complete -c sekisho -n '__fish_seen_subcommand_from ${name}'`;
    for (const option of own) lines.push(`${within} ${fishOption(option)}`);
    if (operands !== undefined) lines.push(`${within} ${fishValue(operands)}`);
  }
  return `${lines.join('\n')}\n`;
}

function fishOption({ short, long, description, value }: CompletedOption): string {
  const flags = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)} -d ${fishText(description)}`;
  return value === undefined ? flags : `${flags} -r ${fishValue(value)}`;
}

function fishValue({ words, files }: CompletedValue): string {
  const list = words.length === 0 ? '' : ` -a ${fishText(words.join(' '))}`;
  return `${files ? '-F' : '-f'}${list}`;
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
