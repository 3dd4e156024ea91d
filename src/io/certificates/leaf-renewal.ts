import { isValid, type Validity } from '../tls/key-pair.ts';
import type { Authority } from './ca-secret.ts';
import type { CertificateTimes } from './rotation.ts';

/** A leaf that is served. */
export interface Leaf extends Validity {
  /** The CA that signed it, PEM. */
  readonly issuer: string;
  /** From here on a fresh one is wanted. */
  readonly renewAt: Date;
}

export interface LeafView {
  readonly leaf: Leaf | undefined;
  /** The CA that signs now. */
  readonly signing: Authority;
  /** For how long (ms) the live configuration has trusted a CA, as far as this replica has seen; undefined: it does not. */
  trustedFor(authority: string): number | undefined;
  readonly now: Date;
  readonly times: CertificateTimes;
}

/** Whether this replica is to sign itself a new leaf. */
export function wantsLeaf({ leaf, signing, trustedFor, now, times }: LeafView): boolean {
  if (!isValid(signing, now)) return false;
  if (leaf === undefined || !isValid(leaf, now)) return true;
  if (leaf.issuer === signing.cert) return now >= leaf.renewAt && leafEnd(signing, now, times) > leaf.notAfter;
  // A CA that took over without notice, because the Secret was lost, is not trusted by every API server yet; the one
  // before it is. Whoever has a good leaf keeps it until they have all learnt of the new one.
  const safe = (trustedFor(signing.cert) ?? -1) >= times.propagation;
  return safe || trustedFor(leaf.issuer) === undefined || endsSoon(leaf, now, times);
}

/** When a leaf that is signed now ends: not after its CA. */
export function leafEnd(signing: Authority, now: Date, { leafLifetime }: CertificateTimes): Date {
  return new Date(Math.min(now.getTime() + leafLifetime, signing.notAfter.getTime()));
}

/** At two thirds. */
export function renewalOf(notAfter: Date, now: Date): Date {
  return new Date(now.getTime() + ((notAfter.getTime() - now.getTime()) * 2) / 3);
}

/** Trust that has not come by now is not waited for. */
function endsSoon({ notAfter }: Leaf, now: Date, { leafLifetime }: CertificateTimes): boolean {
  return notAfter.getTime() - now.getTime() <= Math.min(leafLifetime / 10, 5_000);
}
