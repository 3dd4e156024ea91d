import { isAtLeastAsStrict, type Mode, modes } from '../policy/mode.ts';
import type { CheckedObject, CheckOutcome, CheckSummary } from './check-result.ts';

/** What is kept of objects once they were printed: numbers, and which rules there is to read about. */
export interface CheckTally {
  /** Kubernetes objects that were read, judged or not. */
  objects: number;
  /** Files and documents that could not be read. */
  unreadable: number;
  /** Findings by mode, without those that an exception excuses. */
  readonly found: Record<Mode, number>;
  /** The same without errors: broken rules. */
  readonly broken: Record<Mode, number>;
  excused: number;
  errors: number;
  /** Error findings have no rule that could be explained; of what is excused nobody has to know more. */
  readonly rules: Set<string>;
}

export function createTally(): CheckTally {
  return {
    objects: 0,
    unreadable: 0,
    found: { Enforce: 0, Warn: 0, Audit: 0 },
    broken: { Enforce: 0, Warn: 0, Audit: 0 },
    excused: 0,
    errors: 0,
    rules: new Set(),
  };
}

export function countObject(tally: CheckTally, { findings }: Pick<CheckedObject, 'findings'>): void {
  for (const { finding } of findings) {
    const { mode, error, exception, rule } = finding;
    if (error) tally.errors++;
    if (exception !== undefined) {
      tally.excused++;
      continue;
    }
    tally.found[mode]++;
    if (error) continue;
    tally.broken[mode]++;
    tally.rules.add(rule.id);
  }
}

/** Of what was kept. */
export function tallyOf({ objects, unreadable, violating }: CheckOutcome): CheckTally {
  const tally = { ...createTally(), objects, unreadable };
  for (const object of violating) countObject(tally, object);
  return tally;
}

export function summaryOf({ objects, unreadable, found, excused, errors }: CheckTally): CheckSummary {
  const { Enforce, Warn, Audit } = found;
  return { objects, deny: Enforce, warn: Warn, audit: Audit, excused, error: errors + unreadable };
}

/** Whether a rule was broken in a mode at least as strict. */
export function isBroken({ broken }: CheckTally, weakest: Mode): boolean {
  return modes.some((mode) => broken[mode] > 0 && isAtLeastAsStrict(mode, weakest));
}
