import { isIP } from 'node:net';
import { messageOf } from '../../core/error.ts';
import type { CertificateMetrics } from '../certificate-metrics.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { watchObject } from '../cluster/object-watch.ts';
import type { Logger } from '../log.ts';
import { issueLeaf, type LeafNames } from '../tls/issue.ts';
import { parseServingPair, type ServingPair, untimely } from '../tls/key-pair.ts';
import { type Authority, parseCaSecret, parseCaState } from './ca-secret.ts';
import { createConfigurationView } from './configuration-view.ts';
import { type Leaf, leafEnd, renewalOf, wantsLeaf } from './leaf-renewal.ts';
import { type CertificateObjects, configurationOf, secretOf } from './objects.ts';
import type { CertificateTimes } from './rotation.ts';

export interface LeafOptions {
  readonly client: ClusterClient;
  readonly objects: CertificateObjects;
  readonly names: LeafNames;
  readonly times: CertificateTimes;
  readonly log: Logger;
  readonly metrics: CertificateMetrics;
  now(): Date;
  /** Milliseconds of a clock that nobody sets. */
  elapsed(): number;
  /** A pair to serve from now on. */
  changed(pair: ServingPair): void;
}

/** The certificate that a replica signs for itself. Its key, and that of the CA, are in no file and in no log. */
export interface LeafKeeper extends AsyncDisposable {
  /** Resolves once there is a CA and `changed` was told the first pair. */
  readonly first: Promise<void>;
  /** Why requests must not be sent here yet; undefined when they may. */
  unreadiness(): string | undefined;
}

/** By the wall clock: a timer for the day of renewal would sleep through a suspended machine and a clock that jumps. */
const pollMilliseconds = 1_000;

const dayMilliseconds = 86_400_000;

interface ServiceName {
  readonly service: string;
  readonly namespace: string;
}

/** Whom the API server calls: the Service, by the name that it puts into SNI, and what the settings add. */
export function leafNames({ service, namespace }: ServiceName, names: readonly string[]): LeafNames {
  const host = `${service}.${namespace}.svc`;
  const isAddress = (name: string): boolean => isIP(name) !== 0;
  return {
    dns: [host, `${host}.cluster.local`, ...names.filter((name) => !isAddress(name))],
    ip: names.filter(isAddress),
  };
}

/** Follows CA and configuration, and signs whenever a new leaf is wanted. The last good one serves until then. */
export function keepLeaf(options: LeafOptions): LeafKeeper {
  const { client, objects, now } = options;
  const first = Promise.withResolvers<void>();
  const configuration = createConfigurationView(options);
  const signer = createSigner(options, { trustedFor: configuration.trustedFor, signed: first.resolve });
  const look = (): void => {
    signer.look();
    const { issuer } = signer.leaf() ?? {};
    if (issuer !== undefined) configuration.report(issuer);
  };
  const failed = createWatchComplaint(options);
  const watches = [
    watchObject(client, configurationOf(objects), {
      seen(object) {
        configuration.seen(object);
        look();
      },
      failed,
    }),
    watchObject(client, secretOf(objects), {
      seen(object) {
        signer.seen(object);
        look();
      },
      failed,
    }),
  ];
  const timer = setInterval(look, pollMilliseconds).unref();
  return {
    first: first.promise,
    unreadiness() {
      const leaf = signer.leaf();
      if (leaf === undefined) return 'there is no serving certificate yet';
      return untimely(leaf, now()) ?? configuration.objection(leaf.issuer);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(watches.map((watch) => watch[Symbol.asyncDispose]()));
    },
  };
}

const complaintMilliseconds = 60_000;

/** At most once a minute: the cluster may be away for hours, and nothing is lost meanwhile. */
function createWatchComplaint({ log, elapsed }: LeafOptions): (error: Error) => void {
  let next = 0;
  return (error) => {
    if (elapsed() < next) return;
    next = elapsed() + complaintMilliseconds;
    log.warn({ reason: error.message }, 'watch of the CA interrupted');
  };
}

interface Signer {
  /** A state of the CA Secret. */
  seen(object: unknown): void;
  /** Signs if that is due. */
  look(): void;
  leaf(): Leaf | undefined;
}

interface SignerNeeds {
  trustedFor(authority: string): number | undefined;
  signed(): void;
}

function createSigner(options: LeafOptions, { trustedFor, signed }: SignerNeeds): Signer {
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
      const problem = found.problem ?? untimelyAuthority(found.authority, now());
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

async function signLeaf({ names, times }: LeafOptions, authority: Authority, now: Date): Promise<ServingPair> {
  const days = (leafEnd(authority, now, times).getTime() - now.getTime()) / dayMilliseconds;
  const { cert, key } = await issueLeaf(authority, names, { now, days });
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

function untimelyAuthority(authority: Authority | undefined, now: Date): string | undefined {
  if (authority === undefined) return undefined;
  const { notBefore, notAfter } = authority;
  if (now < notBefore) return `the CA is not valid before ${notBefore.toISOString()}`;
  return now >= notAfter ? `the CA expired at ${notAfter.toISOString()}` : undefined;
}

/** Says each reason once, and again after it was gone. */
function createComplaint({
  log,
  metrics,
  objects,
}: LeafOptions): (reason: string | undefined, serving: boolean) => void {
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
