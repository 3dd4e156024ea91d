import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf, SekishoError } from '../../core/error.ts';

/** A certificate (its chain behind it) and the key that belongs to it, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** When a certificate is good. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A pair that may be served: it belongs together, and until when. */
export interface ServingPair extends KeyPair, Validity {}

export function isValid({ notBefore, notAfter }: Validity, now: Date): boolean {
  return now >= notBefore && now < notAfter;
}

/** Why a certificate must not be shown to anybody now; undefined when it may. */
export function untimely(served: Validity, now: Date): string | undefined {
  return isValid(served, now) ? undefined : 'the serving certificate is not valid now';
}

/** Why what the subject of the sentence names is not good now, and when it is; undefined when it is good. */
export function outsideValidity(subject: string, { notBefore, notAfter }: Validity, now: Date): string | undefined {
  if (now < notBefore) return `${subject} is not valid before ${notBefore.toISOString()}`;
  return now >= notAfter ? `${subject} expired at ${notAfter.toISOString()}` : undefined;
}

/** Refuses a pair that a TLS client would refuse, before any client meets it. */
export function parseServingPair({ cert, key }: KeyPair, now: Date): ServingPair {
  const leaf = readable('certificate', () => new X509Certificate(cert));
  const privateKey = readable('key', () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw invalid('the key does not belong to the certificate');
  // Also reads the rest of the chain, and refuses keys too short for TLS.
  readable('certificate', () => createSecureContext({ cert, key, minVersion: 'TLSv1.3' }));
  const { validFromDate: notBefore, validToDate: notAfter } = leaf;
  const problem = outsideValidity('the certificate', { notBefore, notAfter }, now);
  if (problem !== undefined) throw invalid(problem);
  return { cert, key, notBefore, notAfter };
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw invalid(`the ${what} cannot be read: ${messageOf(thrown)}`, thrown);
  }
}

function invalid(message: string, cause?: unknown): SekishoError<'CertificateInvalid'> {
  return new SekishoError('CertificateInvalid', message, cause);
}
