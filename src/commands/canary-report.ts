import { type CoverageOptions, findCoverage } from '../io/canaries/coverage.ts';

export interface CanaryReportOptions extends CoverageOptions {
  write(line: string): void;
}

const words = { covered: 'intercepted', open: 'NOT INTERCEPTED', unknown: 'unknown' } as const;
const width = Math.max(...Object.values(words).map(({ length }) => length));

/** One line for each path to a pod. Returns the exit code: 0 all are intercepted, 1 one is not, 3 not known of one. */
export async function showCoverage({ write, ...options }: CanaryReportOptions): Promise<number> {
  const states = await findCoverage(options);
  for (const each of states) {
    write(`${words[each.state].padEnd(width)}  ${each.path}${each.state === 'covered' ? '' : `: ${each.reason}`}`);
  }
  if (states.some(({ state }) => state === 'open')) return 1;
  return states.every(({ state }) => state === 'covered') ? 0 : 3;
}
