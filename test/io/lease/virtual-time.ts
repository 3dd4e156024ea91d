import type { Clock } from '../../../src/io/clock.ts';

/* Time that passes only when a test says so; each process has its own view of it. */

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly ring: () => void;
}

export interface ClockView {
  /** How fast its monotonic clock runs: 1 is right. */
  readonly rate?: number;
  /** What its wall clock is wrong by now, in milliseconds. */
  wallError?(): number;
  /** A stopped process: its alarms do not ring. */
  dead?(): boolean;
}

export interface VirtualTime {
  now(): number;
  at(moment: number, ring: () => void): Disposable;
  clock(view?: ClockView): Clock;
  /** Lets everything happen that is due by then, looking after each event. */
  passUntil(moment: number, look?: () => void): Promise<void>;
}

export function createVirtualTime(): VirtualTime {
  const alarms = new Set<Alarm>();
  let now = 0;
  let order = 0;
  const at = (moment: number, ring: () => void): Disposable => {
    const alarm: Alarm = { at: Math.max(moment, now), order: order++, ring };
    alarms.add(alarm);
    return { [Symbol.dispose]: () => void alarms.delete(alarm) };
  };
  const next = (until: number): Alarm | undefined =>
    [...alarms].filter((alarm) => alarm.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
  return {
    now: () => now,
    at,
    clock: (view = {}) => clockOf(view, { at, now: () => now }),
    async passUntil(moment, look = () => undefined) {
      await settled();
      for (let alarm = next(moment); alarm !== undefined; alarm = next(moment)) {
        alarms.delete(alarm);
        now = alarm.at;
        alarm.ring();
        look();
        await settled();
        look();
      }
      now = moment;
    },
  };
}

function clockOf(
  { rate = 1, wallError = () => 0, dead = () => false }: ClockView,
  { at, now }: Pick<VirtualTime, 'at' | 'now'>,
): Clock {
  const after = (milliseconds: number, call: () => void): Disposable =>
    at(now() + Math.max(0, milliseconds) / rate, () => {
      if (!dead()) call();
    });
  return {
    wall: () => new Date(Date.UTC(2026, 0, 1) + now() + wallError()),
    monotonic: () => now() * rate,
    after,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = after(milliseconds, resolve);
        signal?.addEventListener('abort', () => {
          timer[Symbol.dispose]();
          resolve();
        });
      }),
  };
}

/** Every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
