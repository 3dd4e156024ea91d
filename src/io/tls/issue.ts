import { generateKeyPair, randomBytes, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { asn1, pki } from 'node-forge';
import type { KeyPair } from './key-pair.ts';

const hour = 3_600_000;

/** What a leaf is issued for. */
export interface LeafNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** When something is issued, and until when it is good. */
export interface Lifetime {
  readonly now: Date;
  readonly notAfter: Date;
}

type Forge = typeof import('node-forge');

/** A CA of our own, good for nothing but signing leaves. */
export async function issueAuthority(lifetime: Lifetime): Promise<KeyPair> {
  const [forge, keys] = await Promise.all([loadForge(), newKeys(3072)]);
  const certificate = newCertificate(forge, keys, lifetime);
  const name = [{ name: 'commonName', value: `Sekisho CA ${certificate.serialNumber.slice(0, 8)}` }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return sign(forge, certificate, { cert: '', key: keys.privateKey });
}

/** A leaf for a TLS server, signed by the authority. */
export async function issueLeaf(authority: KeyPair, names: LeafNames, lifetime: Lifetime): Promise<KeyPair> {
  const [forge, keys] = await Promise.all([loadForge(), newKeys(2048)]);
  const issuer = forge.pki.certificateFromPem(authority.cert);
  const certificate = newCertificate(forge, keys, lifetime);
  certificate.setSubject([{ name: 'commonName', value: commonNameOf(names) }]);
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: alternativeNames(names) },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  const signed = await sign(forge, certificate, authority);
  return { cert: signed.cert, key: keys.privateKey };
}

async function loadForge(): Promise<Forge> {
  const { default: forge } = await import('node-forge');
  return forge;
}

interface PemKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** By node:crypto, in its thread pool: forge would take seconds in the event loop. */
async function newKeys(bits: number): Promise<PemKeys> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function newCertificate(forge: Forge, keys: PemKeys, { now, notAfter }: Lifetime): pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
  certificate.serialNumber = newSerial();
  // An hour back, for clocks that are late.
  certificate.validity.notBefore = new Date(now.getTime() - hour);
  certificate.validity.notAfter = notAfter;
  return certificate;
}

/** RFC 5280: positive, at most 20 octets. The first octet is 0x40–0x7f: neither negative nor with a leading zero. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** RFC 5280: at most 64 characters. Nobody verifies it; names are in subjectAltName. */
function commonNameOf({ dns }: LeafNames): string {
  return dns.find(({ length }) => length <= 64) ?? 'sekisho';
}

function alternativeNames({ dns, ip }: LeafNames): object[] {
  return [...dns.map((value) => ({ type: 2, value })), ...ip.map((address) => ({ type: 7, ip: address }))];
}

/**
 * With SHA-256: forge's default is SHA-1. The key stays in node:crypto, which signs in its thread pool; forge would take
 * 50 ms of the event loop for the 3,072 bits of a CA. An empty `cert` signs with the certificate's own key.
 */
async function sign(forge: Forge, certificate: pki.Certificate, signer: KeyPair): Promise<KeyPair> {
  const unsigned = { sign: () => '' };
  // Fills in the names of the algorithms and what is to be signed.
  certificate.sign(unsigned as unknown as pki.rsa.PrivateKey, forge.md.sha256.create());
  const { tbsCertificate } = certificate as pki.Certificate & { tbsCertificate: asn1.Asn1 };
  const bytes = Buffer.from(forge.asn1.toDer(tbsCertificate).getBytes(), 'binary');
  const signature = await promisify<string, Buffer, string, Buffer>(signBytes)('sha256', bytes, signer.key);
  certificate.signature = signature.toString('binary');
  return { cert: forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n'), key: signer.key };
}
