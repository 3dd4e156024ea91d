import type { Clock } from '../clock.ts';

export interface OfficeOptions {
  readonly clock: Clock;
  readonly renewDeadline: number;
  /** Runs while leading; must end soon after the abort, and never reject. */
  onElected(signal: AbortSignal): Promise<void>;
  onLost(reason: string): void;
}

/** The one place that knows whether we lead: a term begins with a confirmed write and ends with its deadline. */
export interface Office {
  held(): boolean;
  /** By the monotonic clock: when the term ends unless it is confirmed again. */
  deadline(): number;
  /** A write that was sent then was accepted. */
  confirm(sent: number): void;
  lose(reason: string): void;
  /** Nothing done in a former term goes on. */
  vacant(): boolean;
  /** Resolves when it is vacant. */
  vacated(): Promise<void>;
}

export function createOffice({ clock, renewDeadline, onElected, onLost }: OfficeOptions): Office {
  let term: AbortController | undefined;
  let task: Promise<void> = Promise.resolve();
  let busy = false;
  let deadline = 0;
  let guard: Disposable | undefined;
  const lose = (reason: string): void => {
    guard?.[Symbol.dispose]();
    if (term === undefined) return;
    const ended = term;
    term = undefined;
    ended.abort(new Error(reason));
    onLost(reason);
  };
  const expire = (): void => lose('the lease could not be renewed in time');
  return {
    held: () => term !== undefined,
    deadline: () => deadline,
    lose,
    vacant: () => !busy,
    vacated: () => task,
    /**
     * Counted from when it was sent, not answered: others see the change no earlier than that, and wait longer from
     * then. So this term is over before another can begin.
     */
    confirm(sent) {
      // The term ended while the write was on its way, and what was done in it goes on: whoever asks again after that gets
      // the next one. Meanwhile the lease is ours and nobody acts, which is safe.
      if (term === undefined && busy) return;
      guard?.[Symbol.dispose]();
      deadline = sent + renewDeadline;
      const left = deadline - clock.monotonic();
      if (left <= 0) {
        expire();
        return;
      }
      guard = clock.after(left, expire);
      if (term !== undefined) return;
      term = new AbortController();
      busy = true;
      task = onElected(term.signal).then(() => {
        busy = false;
      });
    },
  };
}
