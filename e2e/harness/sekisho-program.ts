import { delimiter, dirname, join } from 'node:path';
import type { RunningProcess } from '../drivers/process.ts';

/** `sekisho` of this checkout, or `E2E_SEKISHO`. */
export const sekishoProgram = process.env['E2E_SEKISHO'] ?? join(import.meta.dirname, '..', '..', 'bin', 'sekisho');

/** What it is given of this environment. `E2E_SEKISHO` finds the Node that runs the cases first on its PATH. */
export function sekishoEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: home };
}

/** A line of its log. What is not JSON stands in `msg`. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What it has logged so far, without a line that is half written. */
export function logOf(running: RunningProcess): readonly LogLine[] {
  const lines = running.output().split('\n').slice(0, -1);
  return lines.filter(Boolean).map((line) => {
    try {
      return JSON.parse(line) as LogLine;
    } catch {
      return { msg: line };
    }
  });
}
