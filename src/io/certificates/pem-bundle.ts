import { X509Certificate } from 'node:crypto';

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/**
 * Nothing more is read, be it a certificate or not: somebody who may write the Secret or the configuration must not keep
 * us busy. Forty thousand beginnings before one end would block for more than a minute.
 */
const mostAttempts = 32;

/** Characters. One with a 16,384-bit key takes 6,000. */
const longestCertificate = 32_768;

/** A certificate of a bundle, with its PEM in one spelling, so that equal certificates are equal texts. */
export interface BundledCertificate {
  readonly pem: string;
  readonly certificate: X509Certificate;
}

/** The certificates that can be read in a text; whatever else stands there is passed over. */
export function parseBundle(text: string): readonly BundledCertificate[] {
  const found: BundledCertificate[] = [];
  let from = text.indexOf(begin);
  for (let attempts = 0; from !== -1 && attempts < mostAttempts; attempts++) {
    const until = text.indexOf(end, from);
    if (until === -1) break;
    const parsed =
      until - from > longestCertificate ? undefined : readCertificate(text.slice(from, until + end.length));
    // A half-written one swallows the beginning of the next: look from there again.
    if (parsed !== undefined) found.push(parsed);
    from = text.indexOf(begin, parsed === undefined ? from + begin.length : until);
  }
  return found;
}

function readCertificate(text: string): BundledCertificate | undefined {
  try {
    const certificate = new X509Certificate(text);
    return { pem: normalizedPem(certificate), certificate };
  } catch {
    return undefined;
  }
}

/** One spelling for a certificate, however it was written. */
export function normalizedPem(certificate: X509Certificate): string {
  return `${certificate.toString().trim()}\n`;
}

/** The certificates of a text that may vouch for others, each once. */
export function parseAuthorities(text: string): readonly string[] {
  const authorities = parseBundle(text).filter(({ certificate }) => certificate.ca);
  return [...new Set(authorities.map(({ pem }) => pem))];
}

export function formatBundle(certificates: readonly string[]): string {
  return certificates.join('');
}
