import { messageOf } from '../../core/error.ts';
import type { CertificateMetrics } from '../certificate-metrics.ts';
import type { Logger } from '../log.ts';
import { issueLeaf, type LeafNames } from '../tls/issue.ts';
import { outsideValidity, parseServingPair, type ServingPair } from '../tls/key-pair.ts';
import { type Authority, parseCaSecret, parseCaState } from './ca-secret.ts';
import { type Leaf, leafEnd, renewalOf, wantsLeaf } from './leaf-renewal.ts';
import type { CertificateObjects } from './objects.ts';
import type { CertificateTimes } from './rotation.ts';

/** What a leaf is signed with, for whom, and who is told. */
export interface SignerOptions {
  readonly objects: CertificateObjects;
  readonly names: LeafNames;
  readonly times: CertificateTimes;
  readonly log: Logger;
  readonly metrics: CertificateMetrics;
  now(): Date;
  /** A pair to serve from now on. */
  changed(pair: ServingPair): void;
}

/** Signs leaves for this replica whenever one is wanted; the last good one stays until then. */
export interface Signer {
  /** A state of the CA Secret. */
  seen(object: unknown): void;
  /** Signs if that is due. */
  look(): void;
  leaf(): Leaf | undefined;
}

export interface SignerNeeds {
  trustedFor(authority: string): number | undefined;
  signed(): void;
}

export function createSigner(options: SignerOptions, { trustedFor, signed }: SignerNeeds): Signer {
  const { now, times, metrics } = options;
  const complain = createComplaint(options);
  const complainOfSigning = createComplaint(options);
  let found: AuthorityFound = { problem: 'it has not been read yet' };
  /** The last one whose time had come; kept while the Secret holds none. */
  let signing: Authority | undefined;
  let leaf: Leaf | undefined;
  let busy = false;
  const sign = async (authority: Authority): Promise<void> => {
    const at = now();
    const pair = await signLeaf(options, authority, at);
    leaf = { issuer: authority.cert, ...pair, renewAt: renewalOf(pair.notAfter, at) };
    metrics.setCertificateExpiry('serving', pair.notAfter);
    options.changed(pair);
    signed();
    options.log.info({ notAfter: pair.notAfter }, 'signed a serving certificate');
  };
  return {
    seen(object) {
      found = readAuthority(object);
    },
    look() {
      const problem = found.problem === undefined ? outsideValidity('the CA', found.authority, now()) : found.problem;
      complain(problem, leaf !== undefined);
      if (problem === undefined) signing = found.authority;
      if (busy || signing === undefined || !wantsLeaf({ leaf, signing, trustedFor, now: now(), times })) return;
      busy = true;
      sign(signing)
        .then(() => complainOfSigning(undefined, true))
        .catch((thrown: unknown) => complainOfSigning(`signing failed: ${messageOf(thrown)}`, leaf !== undefined))
        .finally(() => {
          busy = false;
        });
    },
    leaf: () => leaf,
  };
}

async function signLeaf({ names, times }: SignerOptions, authority: Authority, now: Date): Promise<ServingPair> {
  const { cert, key } = await issueLeaf(authority, names, { now, notAfter: leafEnd(authority, now, times) });
  return parseServingPair({ cert: cert + authority.cert, key }, now);
}

type AuthorityFound =
  | { readonly authority: Authority; readonly problem?: never }
  | { readonly problem: string; readonly authority?: never };

function readAuthority(object: unknown): AuthorityFound {
  if (object === undefined) return { problem: 'it does not exist' };
  const secret = parseCaSecret(object);
  if (secret === undefined) return { problem: 'it has not our label sekisho.dev/component: ca' };
  const { signing, problems } = parseCaState(secret);
  if (signing !== undefined) return { authority: signing };
  return { problem: problems[0] ?? 'it is empty: the controller has not filled it yet' };
}

/** Says each reason once, and again after it was gone. */
function createComplaint({
  log,
  metrics,
  objects,
}: SignerOptions): (reason: string | undefined, serving: boolean) => void {
  let last: string | undefined;
  return (reason, serving) => {
    if (reason === last) return;
    last = reason;
    const secret = `${objects.namespace}/${objects.caSecret}`;
    if (reason === undefined) return;
    if (serving) {
      metrics.certificateReloadFailed();
      log.error({ secret, reason }, 'CA cannot be used, the last good certificate stays');
    } else {
      log.info({ secret, reason }, 'waiting for the CA');
    }
  };
}
