import type { Agent, RequestOptions } from 'node:https';

/** The part of a TLS connection that says who is trusted and who we are. */
export type ClusterTls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'servername'> & {
  readonly rejectUnauthorized: boolean;
};

/** What one request is sent with. */
export interface Presented {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: ClusterTls;
  /** Where the way leads through a proxy. */
  readonly agent?: Agent;
}

/** Where an API server is, and who we are to it. */
export interface ClusterCredentials {
  /** A path in it is the prefix of every request's. */
  readonly server: URL;
  present(): Promise<Presented>;
  /** Whoever was shown them said 401: read them again. */
  forget(): void;
}

/** Of the pod, or of the kubeconfig where one is given. */
export function readCredentials(kubeconfig: string | undefined): Promise<ClusterCredentials> {
  return readUserCredentials({ files: kubeconfig === undefined ? [] : [kubeconfig] });
}

/** Where somebody keeps the credentials of clusters, as kubectl looks for them. */
export interface Kubeconfig {
  /** One, or several that are merged. */
  readonly files: readonly string[];
  /** Instead of the current one. */
  readonly context?: string | undefined;
}

/** Those of a person: of kubeconfigs; where there is none, of the pod. */
export async function readUserCredentials({ files, context }: Kubeconfig): Promise<ClusterCredentials> {
  const [first, ...others] = files;
  if (first === undefined) return (await import('./service-account.ts')).serviceAccountCredentials(process.env);
  return (await import('./kubeconfig.ts')).kubeconfigCredentials(first, { others, context });
}

/** Tokens are exchanged every few minutes, a CA hardly ever: what was read is good for a minute. */
const remembered = 60_000;

export interface Remembering {
  /** Monotonic, in milliseconds. */
  now(): number;
}

/** Reads again after a minute; where that fails, what was read last stays, until the API server refuses it. */
export function rememberPresented(
  read: () => Promise<Presented>,
  { now }: Remembering = { now: () => performance.now() },
): Pick<ClusterCredentials, 'present' | 'forget'> {
  let last: { readonly presented: Presented; readonly at: number } | undefined;
  let forgotten = false;
  return {
    async present() {
      if (last !== undefined && !forgotten && now() - last.at < remembered) return last.presented;
      try {
        const presented = await read();
        last = { presented, at: now() };
        forgotten = false;
      } catch (thrown) {
        if (last === undefined) throw thrown;
      }
      return last.presented;
    },
    forget() {
      forgotten = true;
    },
  };
}
