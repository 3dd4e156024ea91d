import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CaSecret, formatCaSecret, parseCaSecret, parseCaState } from '../../../src/io/certificates/ca-secret.ts';
import { formatBundle, parseAuthorities, parseBundle } from '../../../src/io/certificates/pem-bundle.ts';
import { issueAuthority, issueLeaf } from '../../../src/io/tls/issue.ts';
import { daysFrom } from '../../lifetimes.ts';
import { emptySecret } from './certificate-cluster.ts';

const lifetime = daysFrom(new Date('2026-05-05T10:00:00Z'), 10);
const [old, fresh] = await Promise.all([issueAuthority(lifetime), issueAuthority(lifetime)]);
const leaf = await issueLeaf(old, { dns: ['localhost'], ip: [] }, lifetime);
const now = new Date('2026-05-05T10:00:00.123Z');

function secretWith(data: Record<string, string>, annotations: Record<string, string> = {}): CaSecret {
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  const secret = { ...emptySecret, data: Object.fromEntries(encoded) };
  return parseCaSecret({ ...secret, metadata: { ...emptySecret.metadata, annotations } })!;
}

const empty = parseCaSecret(emptySecret)!;

describe('a CA Secret', () => {
  test('is read as it was written', () => {
    const content = { signing: old, next: fresh, bundle: [old.cert, fresh.cert], phase: 'Published' } as const;
    const state = parseCaState(formatCaSecret(empty, content, now));
    expect(state).toEqual({
      signing: { ...old, notBefore: new Date('2026-05-05T09:00:00Z'), notAfter: new Date('2026-05-15T10:00:00Z') },
      next: expect.objectContaining(fresh),
      bundle: [old.cert, fresh.cert],
      phase: 'Published',
      since: now,
      rotationAsked: false,
      problems: [],
    });
  });

  test('without data is empty, which is no problem', () => {
    expect(parseCaState(empty)).toMatchObject({ signing: undefined, bundle: [], problems: [] });
  });

  test('keeps what is not ours when it is written, and loses the next CA when there is none', () => {
    const before = secretWith(
      { 'other.txt': 'mine', 'next.crt': 'x', 'next.key': 'y' },
      { a: 'b', 'sekisho.dev/rotate': 'now' },
    );
    const after = formatCaSecret(before, { signing: old, bundle: [old.cert], phase: 'Retired' }, now);
    expect(Object.keys(after.data ?? {}).sort()).toEqual(['ca.crt', 'other.txt', 'tls.crt', 'tls.key']);
    expect(after.metadata.annotations).toMatchObject({ a: 'b', 'sekisho.dev/rotate': 'now' });
    const granted = { signing: old, bundle: [old.cert], phase: 'Published', rotationGranted: true } as const;
    expect(formatCaSecret(before, granted, now).metadata.annotations).not.toHaveProperty(['sekisho.dev/rotate']);
    expect(after).toMatchObject({ kind: 'Secret', type: 'Opaque', metadata: { labels: before.metadata.labels } });
  });

  test.each([
    ['no object', 'text'],
    ['no metadata', {}],
    ['no labels', { metadata: {} }],
    ['another label', { metadata: { labels: { 'sekisho.dev/component': 'serve' } } }],
    ['labels that are inherited', { metadata: { labels: Object.create({ 'sekisho.dev/component': 'ca' }) } }],
    ['data of another type', { metadata: { labels: { 'sekisho.dev/component': 'ca' } }, data: { 'tls.crt': 1 } }],
  ])('is not ours with %s', (_what, object) => {
    expect(parseCaSecret(object)).toBeUndefined();
  });

  const { privateKey: curve } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  test.each([
    ['half a certificate', { ...old, cert: old.cert.slice(0, 700) }, /the certificate cannot be read/],
    ['no certificate', { ...old, cert: '' }, /the certificate cannot be read/],
    ['no key', { ...old, key: '' }, /the key cannot be read/],
    ['half a key', { ...old, key: old.key.slice(0, 700) }, /the key cannot be read/],
    ['the key of another', { ...old, key: fresh.key }, /does not belong/],
    ['a key of another kind', { ...old, key: curve }, /does not belong/],
    ['a certificate that is no CA', leaf, /not that of a CA/],
    ['bytes', { cert: '\u0000\u0001', key: '\uffff' }, /cannot be read/],
  ])('with %s has no CA, says why, and gives no key away', (_what, { cert, key }, reason) => {
    const { signing, next, problems } = parseCaState(
      secretWith({ 'tls.crt': cert, 'tls.key': key, 'next.crt': cert, 'next.key': key }),
    );
    expect([signing, next]).toEqual([undefined, undefined]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^tls\.crt, tls\.key: /);
    expect(problems[0]).toMatch(reason);
    expect(problems.join()).not.toMatch(/BEGIN|MII/);
  });

  test.each([
    ['2026-05-05T10:00:00Z', new Date('2026-05-05T10:00:00Z')],
    ['2026-05-05T12:00:00.5+02:00', new Date('2026-05-05T10:00:00.500Z')],
    ['2026-13-05T10:00:00Z', undefined],
    ['yesterday', undefined],
    ['1', undefined],
  ])('whose phase began at %s', (text, since) => {
    expect(parseCaState(secretWith({}, { 'sekisho.dev/phase-since': text })).since).toEqual(since);
  });

  test('asks for a rotation by the one word, and knows no other phase', () => {
    const state = (annotations: Record<string, string>) => parseCaState(secretWith({}, annotations));
    expect(state({ 'sekisho.dev/rotate': 'now' }).rotationAsked).toBe(true);
    expect(state({ 'sekisho.dev/rotate': 'later' }).rotationAsked).toBe(false);
    expect(state({ 'sekisho.dev/ca-phase': 'constructor' }).phase).toBeUndefined();
  });
});

describe('a bundle', () => {
  test('gives its CAs, each once, in order, in one spelling', () => {
    const text = `# old\r\n${old.cert.replaceAll('\n', '\r\n')}${fresh.cert}\n\n${old.cert}${leaf.cert}`;
    expect(parseAuthorities(text)).toEqual([old.cert, fresh.cert]);
    expect(formatBundle([old.cert, fresh.cert])).toBe(old.cert + fresh.cert);
  });

  test.each([
    ['half a certificate before it', `${old.cert.slice(0, 500)}\n${fresh.cert}`],
    ['half a certificate behind it', fresh.cert + old.cert.slice(0, 500)],
    ['garbage around it', `garbage${fresh.cert}-----BEGIN CERTIFICATE-----`],
    ['a key before it', `${old.key}${fresh.cert}`],
  ])('is read in spite of %s', (_what, text) => {
    expect(parseAuthorities(text)).toEqual([fresh.cert]);
  });

  test('that is hostile is read in bounded time', () => {
    const started = performance.now();
    expect(parseBundle('-----BEGIN CERTIFICATE-----'.repeat(40_000))).toEqual([]);
    const unclosed = '-----BEGIN CERTIFICATE-----\n'.repeat(38_000);
    expect(parseBundle(`${unclosed}-----END CERTIFICATE-----`)).toEqual([]);
    expect(parseBundle('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'.repeat(15_000))).toEqual([]);
    expect(parseBundle(old.cert.repeat(100)).length).toBe(32);
    // Quadratic it would be minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
