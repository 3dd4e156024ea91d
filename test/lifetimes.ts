import type { Lifetime } from '../src/io/tls/issue.ts';

const day = 86_400_000;

/** What a certificate of a test lives from that moment on. */
export function daysFrom(now: Date, days = 1): Lifetime {
  return { now, notAfter: new Date(now.getTime() + days * day) };
}
