import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { messageOf } from '../../core/error.ts';
import type { KeyPair, Validity } from '../tls/key-pair.ts';
import { formatBundle, normalizedPem, parseAuthorities } from './pem-bundle.ts';

/**
 * Where a rotation stands. `Published`: the next CA is in the bundle and signs nothing yet. `Signing`: it signs, and its
 * predecessors are still in the bundle. `Retired`: they are gone.
 */
export const caPhases = ['Published', 'Signing', 'Retired'] as const;
export type CaPhase = (typeof caPhases)[number];

/** A CA that belongs together; whether its time has come is for whoever knows the time. */
export interface Authority extends KeyPair, Validity {}

/** What the Secret of the CA says. What cannot be used is left out, and why stands in `problems`. */
export interface CaState {
  readonly signing: Authority | undefined;
  readonly next: Authority | undefined;
  /** PEM, each once, oldest first. */
  readonly bundle: readonly string[];
  readonly phase: CaPhase | undefined;
  readonly since: Date | undefined;
  /** Somebody asked for a rotation by `sekisho.dev/rotate: now`. */
  readonly rotationAsked: boolean;
  /** Never with a key in it. */
  readonly problems: readonly string[];
}

/** What is to stand in the Secret. */
export interface CaContent {
  readonly signing: KeyPair;
  readonly next?: KeyPair | undefined;
  readonly bundle: readonly string[];
  readonly phase: CaPhase;
  /** The wish for a rotation has been granted. */
  readonly rotationGranted?: boolean;
}

const label = { key: 'sekisho.dev/component', value: 'ca' } as const;
const annotations = {
  phase: 'sekisho.dev/ca-phase',
  since: 'sekisho.dev/phase-since',
  rotate: 'sekisho.dev/rotate',
} as const;

const texts = z.record(z.string(), z.string()).nullish();

const secretShape = z.looseObject({
  metadata: z.looseObject({ labels: texts, annotations: texts }),
  data: texts,
});

/** A Secret as the API server gave it; all of it is handed back when it is changed. */
export type CaSecret = z.output<typeof secretShape>;

/** Undefined for a Secret without our label: it is somebody else's, whatever its name. */
export function parseCaSecret(object: unknown): CaSecret | undefined {
  const { data: secret } = secretShape.safeParse(object);
  return entryOf(secret?.metadata.labels, label.key) === label.value ? secret : undefined;
}

export function parseCaState(secret: CaSecret): CaState {
  const problems: string[] = [];
  const field = (name: string): string => Buffer.from(entryOf(secret.data, name) ?? '', 'base64').toString('utf8');
  const pair = (name: string): Authority | undefined => {
    const [cert, key] = [field(`${name}.crt`), field(`${name}.key`)];
    if (cert === '' && key === '') return undefined;
    try {
      return parseAuthority({ cert, key });
    } catch (thrown) {
      problems.push(`${name}.crt, ${name}.key: ${messageOf(thrown)}`);
      return undefined;
    }
  };
  const phase = entryOf(secret.metadata.annotations, annotations.phase);
  return {
    signing: pair('tls'),
    next: pair('next'),
    bundle: parseAuthorities(field('ca.crt')),
    phase: caPhases.find((known) => known === phase),
    since: parseTime(entryOf(secret.metadata.annotations, annotations.since)),
    rotationAsked: entryOf(secret.metadata.annotations, annotations.rotate) === 'now',
    problems,
  };
}

function parseAuthority({ cert, key }: KeyPair): Authority {
  const certificate = part('the certificate', () => new X509Certificate(cert));
  const privateKey = part('the key', () => createPrivateKey(key));
  if (!certificate.ca) throw new Error('the certificate is not that of a CA');
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('the key does not belong to the certificate');
  if (privateKey.asymmetricKeyType !== 'rsa') throw new Error('the key is not an RSA key');
  return {
    cert: normalizedPem(certificate),
    key,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
  };
}

/** OpenSSL's own words name no content, only what it could not decode. */
function part<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw new Error(`${what} cannot be read: ${messageOf(thrown)}`);
  }
}

/**
 * The whole Secret with new content, for a PUT that follows at once: its resourceVersion makes sure that nobody was
 * faster, and the phase begins now.
 */
export function formatCaSecret(secret: CaSecret, content: CaContent, now: Date): CaSecret {
  const { signing, next, bundle, phase, rotationGranted } = content;
  const { ['next.crt']: _certificate, ['next.key']: _key, ...others } = secret.data ?? {};
  const { [annotations.rotate]: wish, ...noted } = secret.metadata.annotations ?? {};
  const data = {
    ...others,
    'tls.crt': encode(signing.cert),
    'tls.key': encode(signing.key),
    'ca.crt': encode(formatBundle(bundle)),
    ...(next === undefined ? {} : { 'next.crt': encode(next.cert), 'next.key': encode(next.key) }),
  };
  const newAnnotations = {
    ...noted,
    ...(wish === undefined || rotationGranted ? {} : { [annotations.rotate]: wish }),
    [annotations.phase]: phase,
    [annotations.since]: now.toISOString(),
  };
  return { ...secret, metadata: { ...secret.metadata, annotations: newAnnotations }, data };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Labels and the like may be called `constructor`. */
function entryOf(record: Readonly<Record<string, string>> | null | undefined, key: string): string | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** RFC 3339, in the one spelling that we write or a person would. */
function parseTime(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text))
    return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
