/** How often something may be done: a number of times at once, and as often again as time passes. */
export interface Allowance {
  /** Whether it may be done now; if so it counts as done. */
  take(): boolean;
}

export interface AllowanceOptions {
  readonly atOnce: number;
  readonly perSecond: number;
  /** Monotonic, in milliseconds. */
  elapsed(): number;
}

export function createAllowance({ atOnce, perSecond, elapsed }: AllowanceOptions): Allowance {
  let left = atOnce;
  let last = elapsed();
  return {
    take() {
      const now = elapsed();
      left = Math.min(atOnce, left + ((now - last) / 1_000) * perSecond);
      last = now;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
