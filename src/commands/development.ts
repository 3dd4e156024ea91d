import { join } from 'node:path';
import { writeAtomically } from '../io/files/atomic-write.ts';
import { formatWebhookConfiguration } from '../io/files/webhook-configuration.ts';
import { issueAuthority, issueLeaf } from '../io/tls/issue.ts';
import { parseServingPair, type ServingPair } from '../io/tls/key-pair.ts';

/** A certificate for loopback, and the CA that vouches for it. The CA's key is never written, and soon forgotten. */
export interface DevelopmentPair {
  readonly pair: ServingPair;
  /** PEM. */
  readonly authority: string;
}

const lifetime = 365 * 86_400_000;

/** For loopback, and for the address that is listened on where an API server in a container reaches it by that. */
export async function issueDevelopmentPair(address: string): Promise<DevelopmentPair> {
  const now = new Date();
  const notAfter = new Date(now.getTime() + lifetime);
  const authority = await issueAuthority({ now, notAfter });
  const names = { dns: ['localhost'], ip: [...new Set(['127.0.0.1', '::1', address])] };
  const leaf = await issueLeaf(authority, names, { now, notAfter });
  return { pair: parseServingPair(leaf, now), authority: authority.cert };
}

/** What a newcomer applies, and what a client trusts. */
export async function writeDevelopmentFiles(dir: string, authority: string, url: string): Promise<void> {
  await writeAtomically(join(dir, 'ca.crt'), authority);
  await writeAtomically(
    join(dir, 'webhook-configuration.yaml'),
    formatWebhookConfiguration({ url: `${url}/validate`, authority }),
  );
}
