import { isIP } from 'node:net';
import type { ClusterClient } from '../cluster/client.ts';
import { watchObject } from '../cluster/object-watch.ts';
import type { LeafNames } from '../tls/issue.ts';
import { untimely } from '../tls/key-pair.ts';
import { createConfigurationView } from './configuration-view.ts';
import { configurationOf, secretOf } from './objects.ts';
import { createSigner, type SignerOptions } from './signer.ts';

export interface LeafOptions extends SignerOptions {
  readonly client: ClusterClient;
  /** Milliseconds of a clock that nobody sets. */
  elapsed(): number;
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
