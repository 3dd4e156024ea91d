import { once } from 'node:events';

/** Writes results, and waits while whoever reads them is slower than we are. */
export async function writeOutput(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Colours only where a person looks; `NO_COLOR` and `FORCE_COLOR` decide otherwise (no-color.org, force-color.org). */
export function wantsColor(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return process.stdout.isTTY === true && TERM !== 'dumb';
}
