import { type Acceptance, expiringFor } from './exceptions.ts';

/** How an exception stands to those who count them. */
export const exceptionStates = ['active', 'expiring', 'expired', 'refused'] as const;

/** How far an exception is in its life. */
export type ExceptionState = (typeof exceptionStates)[number];

/** When what is said of an exception changes, in milliseconds: the end comes near enough, nearer, and is there. */
export function momentsOf(expiresAt: string, maxDuration?: number): readonly number[] {
  const end = Date.parse(expiresAt);
  return [...(maxDuration === undefined ? [] : [end - maxDuration]), end - expiringFor, end];
}

/** `refused`: it has no effect, and not because of the time. */
export function exceptionState({ accepted, reason }: Acceptance, expiresAt: string, now: number): ExceptionState {
  if (reason === 'Expired') return 'expired';
  if (!accepted) return 'refused';
  return now >= Date.parse(expiresAt) - expiringFor ? 'expiring' : 'active';
}
