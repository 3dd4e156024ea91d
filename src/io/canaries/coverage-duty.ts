import type { Clock } from '../clock.ts';
import type { CoverageMetrics } from '../controller-metrics.ts';
import { cut, type Logger } from '../log.ts';
import { type CoverageOptions, findCoverage } from './coverage.ts';
import type { PathState } from './path-state.ts';

export interface CoverageDutyOptions extends CoverageOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: CoverageMetrics;
}

/**
 * Milliseconds before the first look: the same leader fills an empty CA Secret and the caBundle, and `serve` becomes
 * ready by them. A fresh installation that is alarmed teaches to overlook alarms.
 */
const settling = 15_000;

/** Milliseconds between two looks: seldom while all is well, soon again while something is not. */
const calm = 5 * 60_000;
const alarmed = 20_000;

/** The duty to find out, again and again until the signal is aborted, which paths to a pod are asked about. */
export function watchCoverage(options: CoverageDutyOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const { clock, metrics } = options;
    const told = new Map<string, string>();
    try {
      await clock.sleep(settling, signal);
      while (!signal.aborted) {
        const states = await findCoverage(options);
        if (signal.aborted) return;
        for (const state of states) metrics.setCoverage(state.path, state.state);
        tell(states, told, options.log);
        const well = states.every(({ state }) => state === 'covered');
        await clock.sleep(well ? calm : alarmed, signal);
      }
    } finally {
      // Another leads and knows better.
      metrics.forgetCoverage();
    }
  };
}

/** Each change once: an alarm in the log that repeats itself buries what else stands there. */
function tell(states: readonly PathState[], told: Map<string, string>, log: Logger): void {
  let changed = false;
  for (const each of states) {
    const reason = each.state === 'covered' ? '' : cut(each.reason);
    const now = `${each.state} ${reason}`;
    if (told.get(each.path) === now) continue;
    told.set(each.path, now);
    changed = true;
    if (each.state === 'open') log.warn({ path: each.path, reason }, 'path is not intercepted');
    if (each.state === 'unknown') log.warn({ path: each.path, reason }, 'coverage of path unknown');
  }
  if (changed && states.every(({ state }) => state === 'covered')) {
    log.info({ paths: states.map(({ path }) => path) }, 'every path is intercepted');
  }
}
