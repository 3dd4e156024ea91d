import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { messageOf, SekishoError } from '../../core/error.ts';
import { type ClusterCredentials, type Presented, rememberPresented } from './credentials.ts';

export interface KubeconfigOptions {
  /** Merged into the first, which decides where they differ. */
  readonly others?: readonly string[];
  readonly context?: string | undefined;
}

/** Those of a kubeconfig's current context, with everything kubectl knows: exec plugins, OIDC, files, impersonation. */
export async function kubeconfigCredentials(
  file: string,
  { others = [], context }: KubeconfigOptions = {},
): Promise<ClusterCredentials> {
  // Costs 55 MiB, so only who asks for it pays; the whole package would cost 83.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const load = (from: string): KubeConfig => {
    const loaded = new KubeConfig();
    try {
      loaded.loadFromFile(from);
    } catch (thrown) {
      // The parser quotes the lines around a mistake behind the first, and they hold tokens and keys.
      const [reason] = messageOf(thrown).split('\n', 1);
      throw new SekishoError('FileUnreadable', `${from}: cannot be read as a kubeconfig: ${reason}`);
    }
    return loaded;
  };
  const config = load(file);
  for (const other of others) merge(config, load(other));
  if (context !== undefined) chooseContext(config, context, file);
  return { server: serverOf(config, file), ...rememberPresented(() => readConfig(config, file)) };
}

/** As kubectl does: the first to say something is right. */
function merge(config: KubeConfig, other: KubeConfig): void {
  for (const cluster of other.getClusters()) if (config.getCluster(cluster.name) === null) config.addCluster(cluster);
  for (const user of other.getUsers()) if (config.getUser(user.name) === null) config.addUser(user);
  for (const each of other.getContexts()) if (config.getContextObject(each.name) === null) config.addContext(each);
  if (!config.getCurrentContext()) config.setCurrentContext(other.getCurrentContext());
}

function chooseContext(config: KubeConfig, context: string, file: string): void {
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    throw new SekishoError('UsageInvalid', `${file}: has no context ${context}; there are ${names.join(', ')}`);
  }
  config.setCurrentContext(context);
}

function serverOf(config: KubeConfig, file: string): URL {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new SekishoError('UsageInvalid', `${file}: its current-context names no cluster; set it, or current-context`);
  }
  const url = URL.parse(server);
  if (url !== null && url.protocol === 'https:') return url;
  throw new SekishoError('UsageInvalid', `${file}: clusters[].cluster.server: must be an https URL, not ${server}`);
}

async function readConfig(config: KubeConfig, file: string): Promise<Presented> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options).catch((thrown: unknown) => {
    throw new SekishoError('UsageInvalid', `${file}: no credentials: ${messageOf(thrown)}`, thrown);
  });
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized, auth, agent } = options;
  const given = { ca, cert, key, pfx, passphrase, servername };
  const tls = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const proxied = config.getCurrentCluster()?.proxyUrl !== undefined && typeof agent === 'object';
  return {
    headers: { ...(options.headers as Record<string, string> | undefined), ...basic },
    tls: { ...tls, rejectUnauthorized: rejectUnauthorized !== false },
    ...(proxied ? { agent: agent as NonNullable<Presented['agent']> } : {}),
  };
}
