import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { issueAuthority, issueLeaf } from '../../../src/io/tls/issue.ts';
import { daysFrom } from '../../lifetimes.ts';

const now = new Date('2026-05-05T10:00:00Z');
const lifetime = daysFrom(now, 30);
const names = { dns: ['localhost', 'sekisho.example'], ip: ['127.0.0.1', '::1'] };
const authority = await issueAuthority(lifetime);
const leaf = await issueLeaf(authority, names, lifetime);
const caCertificate = new X509Certificate(authority.cert);
const leafCertificate = new X509Certificate(leaf.cert);

/** sha256WithRSAEncryption, 1.2.840.113549.1.1.11, in DER. */
const sha256WithRsa = Buffer.from('06092a864886f70d01010b', 'hex');
const sha1WithRsa = Buffer.from('06092a864886f70d010105', 'hex');

describe.each([
  ['the authority', caCertificate],
  ['the leaf', leafCertificate],
])('%s', (_who, certificate) => {
  test('is signed with SHA-256, in the certificate and beside it', () => {
    const { raw } = certificate;
    const first = raw.indexOf(sha256WithRsa);
    expect(first).toBeGreaterThan(0);
    expect(raw.indexOf(sha256WithRsa, first + 1)).toBeGreaterThan(first);
    expect(raw.includes(sha1WithRsa)).toBe(false);
    expect(certificate.signatureAlgorithm).toBe('sha256WithRSAEncryption');
  });

  test('is valid from an hour ago until the days are over', () => {
    expect(certificate.validFromDate).toEqual(new Date('2026-05-05T09:00:00Z'));
    expect(certificate.validToDate).toEqual(new Date('2026-06-04T10:00:00Z'));
  });

  test('has a positive serial of at most 20 octets', () => {
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});

describe('the authority', () => {
  test('may sign certificates, and only those of leaves', () => {
    expect(caCertificate.ca).toBe(true);
    // basicConstraints, critical: CA true, path length 0.
    expect(caCertificate.raw.includes(Buffer.from('0603551d130101ff040830060101ff020100', 'hex'))).toBe(true);
    expect(caCertificate.verify(caCertificate.publicKey)).toBe(true);
    expect(caCertificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
  });

  test('is another one each time, by name too', async () => {
    const other = new X509Certificate((await issueAuthority(lifetime)).cert);
    expect(other.subject).not.toBe(caCertificate.subject);
    expect(leafCertificate.checkIssued(other)).toBe(false);
  }, 60_000);
});

describe('the leaf', () => {
  test('names what it serves, and is for servers alone', () => {
    expect(leafCertificate.subjectAltName).toBe(
      'DNS:localhost, DNS:sekisho.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(leafCertificate.ca).toBe(false);
    expect(leafCertificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leafCertificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  test('was issued by the authority, and says by which key', () => {
    expect(leafCertificate.checkIssued(caCertificate)).toBe(true);
    expect(leafCertificate.verify(caCertificate.publicKey)).toBe(true);
    // subjectKeyIdentifier (2.5.29.14) of the CA stands in authorityKeyIdentifier (2.5.29.35) of the leaf.
    const identifier = /0603551d0e04160414(.{40})/.exec(caCertificate.raw.toString('hex'))?.[1] ?? 'none';
    expect(leafCertificate.raw.toString('hex')).toContain(`0603551d23041830168014${identifier}`);
  });

  test('convinces a client that trusts the authority, for every name', async () => {
    // With a fixed clock the certificate would be long expired for the client.
    const present = daysFrom(new Date());
    const ca = await issueAuthority(present);
    const pair = await issueLeaf(ca, names, present);
    const server = createServer({ ...pair, minVersion: 'TLSv1.3' }, (socket) => socket.end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    for (const servername of ['localhost', 'sekisho.example', '127.0.0.1', '::1']) {
      const options = { port, host: '127.0.0.1', ca: ca.cert };
      const socket = connect(/[a-z]/.test(servername) ? { ...options, servername } : options);
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
    server.close();
  }, 60_000);
});
