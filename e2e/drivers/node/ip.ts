import { runProgram } from '../program.ts';
import { programPath } from './requirements.ts';

/** What `ip` complains of; nothing when it did what it was told. `enter` puts it into a network. */
export async function ip(line: string, enter: readonly string[] = []): Promise<string> {
  const [program = '', ...args] = [...enter, programPath('ip') ?? 'ip', ...line.split(' ')];
  const { code, stderr } = await runProgram(program, args);
  return code === 0 ? '' : stderr.trim() || `exit code ${code}`;
}

/** Several lines, each of which must succeed. */
export async function ipLines(lines: readonly string[], enter: readonly string[] = []): Promise<void> {
  for (const line of lines) {
    const problem = await ip(line, enter);
    if (problem !== '') throw new Error(`ip ${line}: ${problem}`);
  }
}

/** Puts a command line into the network of a process. */
export function networkOf(pid: string): readonly string[] {
  return [programPath('nsenter') ?? 'nsenter', `--net=/proc/${pid}/ns/net`];
}
