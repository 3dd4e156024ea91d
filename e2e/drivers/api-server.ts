import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Access, type ApiServerBinaries, type Cluster, type Driver, identities, type User } from './cluster.ts';
import { startEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import { apiServerFiles, type KubeApiserverOptions, startKubeApiserver } from './kube-apiserver.ts';

/** A real API server and its etcd, on loopback, in a folder that goes with them. No pod ever runs. */
export async function startApiServer(binaries: ApiServerBinaries, driver: Cluster['driver']): Promise<Driver> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binaries, driver);
    } catch (error) {
      // Between choosing a free port and using it, somebody else may have taken it.
      if (attempt === 3 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnce(binaries: ApiServerBinaries, driver: Cluster['driver']): Promise<Driver> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'));
  const tokens = await writeCredentials(folder);
  const etcd = await startEtcd(binaries.etcd, folder);
  try {
    const port = await freePort();
    const token = tokens.administrator;
    const options: KubeApiserverOptions = { binary: binaries.kubeApiserver, folder, etcdUrl: etcd.url, port, token };
    let process = await startKubeApiserver(options);
    return {
      cluster: await describeCluster({ binaries, driver, folder, port, tokens }),
      restart: async () => {
        await process.stop();
        process = await startKubeApiserver(options);
      },
      [Symbol.asyncDispose]: async () => {
        await process.stop();
        await etcd.process.stop();
      },
    };
  } catch (error) {
    await etcd.process.stop();
    throw error;
  }
}

/** Tokens of the three users, and the key pair for service accounts. */
async function writeCredentials(folder: string): Promise<Record<User, string>> {
  const token = (): string => randomBytes(24).toString('hex');
  const tokens = { administrator: token(), tenant: token(), node: token() };
  const users = Object.keys(identities) as User[];
  const lines = users.map((user) => {
    const { name, groups } = identities[user];
    return [tokens[user], name, name, ...(groups.length > 0 ? [`"${groups.join(',')}"`] : [])].join(',');
  });
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await mkdir(join(folder, 'home'));
  await writeFile(join(folder, apiServerFiles.tokens), `${lines.join('\n')}\n`, { mode: 0o600 });
  await writeFile(join(folder, apiServerFiles.signingKey), privateKey, { mode: 0o600 });
  await writeFile(join(folder, apiServerFiles.verificationKey), publicKey);
  return tokens;
}

interface StartedApiServer {
  readonly binaries: ApiServerBinaries;
  readonly driver: Cluster['driver'];
  readonly folder: string;
  readonly port: number;
  readonly tokens: Readonly<Record<User, string>>;
}

async function describeCluster({ binaries, driver, folder, port, tokens }: StartedApiServer): Promise<Cluster> {
  const ca = await readFile(join(folder, apiServerFiles.certificateAuthority), 'base64');
  const server = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca };
  const access = async (user: User): Promise<Access> => {
    const kubeconfig = join(folder, `${user}.kubeconfig`);
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'e2e', cluster: server }],
      users: [{ name: user, user: { token: tokens[user] } }],
      contexts: [{ name: 'e2e', context: { cluster: 'e2e', user } }],
      'current-context': 'e2e',
    };
    await writeFile(kubeconfig, JSON.stringify(content, null, 2), { mode: 0o600 });
    return { kubeconfig, flags: [] };
  };
  return {
    driver,
    run: randomBytes(4).toString('hex'),
    folder,
    access: {
      administrator: await access('administrator'),
      tenant: await access('tenant'),
      node: await access('node'),
    },
    kubectl: binaries.kubectl,
    kubectlEnv: { HOME: join(folder, 'home') },
    webhookAddress: '127.0.0.1',
    auditLog: join(folder, apiServerFiles.auditLog),
    binaries,
  };
}
