import { SekishoError } from '../../core/error.ts';
import type { ClusterAnswer, WatchEvent } from './client.ts';

/** An answer that is no success, as an error: `cannot update the Lease a/b: 403 Forbidden: …`. */
export function refusal(what: string, answer: ClusterAnswer): SekishoError<'ClusterRefused'> {
  return new SekishoError('ClusterRefused', `${what}: ${answer.status}: ${reasonOf(answer.body)}`, {
    status: answer.status,
  });
}

/** The HTTP status of a refusal; undefined for any other error. */
export function refusedStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof SekishoError) || thrown.code !== 'ClusterRefused') return undefined;
  return (thrown.cause as { status?: number } | undefined)?.status;
}

/** The object of an ERROR is a `Status` with the code that a refusal at the start would have had. */
export function refusedEvent({ object }: WatchEvent, path: string): SekishoError<'ClusterRefused'> {
  const code = typeof object === 'object' && object !== null && 'code' in object ? Number(object.code) : 0;
  return refusal(`watch ${path}`, { status: code, body: object, warnings: [] });
}

/** What a `Status` says. */
export function reasonOf(body: unknown): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' && message !== '' ? message.slice(0, longestReason) : 'no reason given';
}

const longestReason = 2_048;
