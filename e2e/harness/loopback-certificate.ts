import { type SelfSigned, selfSigned } from '../drivers/self-signed.ts';

/** A certificate for 127.0.0.1 that is good for a day. */
export function makeLoopbackCertificate(): SelfSigned {
  const subject = [{ name: 'commonName', value: 'e2e' }];
  return selfSigned(subject, [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }]);
}
