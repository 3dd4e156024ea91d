import { formatMicroTime, type LeaseRecord } from './lease.ts';

/** Milliseconds; client-go's for its own controllers. */
export interface LeaseTiming {
  /** A lease that did not change for so long may be taken. */
  readonly leaseDuration: number;
  /** A leader that could not renew for so long leads no more; well before others may take the lease. */
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}

export const standardTiming: LeaseTiming = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

/** A record and when this process saw it first, by its own monotonic clock. */
export interface Observation {
  readonly record: LeaseRecord;
  readonly since: number;
}

/**
 * What a record says about time was written by another clock, which may be wrong by hours: only that it *changes* is
 * evidence of a living holder, as in client-go.
 */
export function observe(previous: Observation | undefined, record: LeaseRecord, now: number): Observation {
  return previous !== undefined && sameRecord(previous.record, record) ? previous : { record, since: now };
}

/** What a candidate or leader does about the lease now. */
export type Step = { readonly step: 'wait'; readonly until: number } | { readonly step: 'write' };

export interface Contender {
  /** Of one process, never used by another. */
  readonly identity: string;
  readonly timing: LeaseTiming;
}

/** A lease that is ours, nobody's or expired may be written; any other is waited for. */
export function nextStep({ record, since }: Observation, { identity, timing }: Contender, now: number): Step {
  if (record.holder === '' || record.holder === identity) return { step: 'write' };
  // The holder's own promise, which may be longer or shorter than ours during an upgrade.
  const { leaseDurationSeconds } = record;
  const until = since + (leaseDurationSeconds === undefined ? timing.leaseDuration : leaseDurationSeconds * 1_000);
  return now < until ? { step: 'wait', until } : { step: 'write' };
}

/** The record with which we take or renew the lease. */
export function heldRecord(record: LeaseRecord, { identity, timing }: Contender, wall: Date): LeaseRecord {
  const now = formatMicroTime(wall);
  const renewed = record.holder === identity;
  return {
    holder: identity,
    leaseDurationSeconds: Math.ceil(timing.leaseDuration / 1_000),
    acquireTime: renewed ? (record.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: record.leaseTransitions + (renewed ? 0 : 1),
  };
}

/** The record with which we give it back, for whoever looks next. */
export function releasedRecord(record: LeaseRecord, wall: Date): LeaseRecord {
  const now = formatMicroTime(wall);
  const { leaseTransitions } = record;
  return { holder: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
}

function sameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  return (
    a.holder === b.holder &&
    a.renewTime === b.renewTime &&
    a.acquireTime === b.acquireTime &&
    a.leaseTransitions === b.leaseTransitions &&
    a.leaseDurationSeconds === b.leaseDurationSeconds
  );
}
