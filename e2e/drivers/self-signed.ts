import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** PEM texts; the certificate signs itself and is its own authority. */
export interface SelfSigned {
  readonly key: string;
  readonly certificate: string;
}

type Subject = Parameters<forge.pki.Certificate['setSubject']>[0];
type Extensions = Parameters<forge.pki.Certificate['setExtensions']>[0];

/** A certificate that is good for a day. */
export function selfSigned(subject: Subject, extensions: Extensions): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.serialNumber = '01';
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([{ name: 'basicConstraints', cA: true }, ...extensions]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { key: privateKey, certificate: forge.pki.certificateToPem(certificate) };
}
