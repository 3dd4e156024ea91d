import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Finished, program } from './running-sekisho.ts';

/** Runs `bin/sekisho` to the end, with something on its standard input. */
export async function feed(
  args: readonly string[],
  input: string | Uint8Array,
  environment: Record<string, string> = {},
): Promise<Finished> {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', ...environment };
  const child = spawn(program, args, { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  // Who stops reading early says so by its exit status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
