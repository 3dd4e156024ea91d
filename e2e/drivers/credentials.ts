import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from './cluster.ts';
import { apiServerFiles } from './kube-apiserver.ts';

/** Tokens of all who talk to the API server, and the key pair for service accounts. */
export async function writeCredentials<Name extends string>(
  folder: string,
  identities: Readonly<Record<Name, Identity>>,
): Promise<Record<Name, string>> {
  const names = Object.keys(identities) as Name[];
  const tokens = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('hex')])) as Record<
    Name,
    string
  >;
  const lines = names.map((id) => {
    const { name, groups } = identities[id];
    return [tokens[id], name, name, ...(groups.length > 0 ? [`"${groups.join(',')}"`] : [])].join(',');
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

export interface KubeconfigOptions {
  readonly folder: string;
  /** Host and port of the API server, which has started: its certificate is read. */
  readonly address: string;
  readonly user: string;
  readonly token: string;
}

/** Writes `<user>.kubeconfig` and returns its path. */
export async function writeKubeconfig({ folder, address, user, token }: KubeconfigOptions): Promise<string> {
  const ca = await readFile(join(folder, apiServerFiles.certificateAuthority), 'base64');
  const path = join(folder, `${user}.kubeconfig`);
  const server = { server: `https://${address}`, 'certificate-authority-data': ca };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: server }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user } }],
    'current-context': 'e2e',
  };
  await writeFile(path, JSON.stringify(content, null, 2), { mode: 0o600 });
  return path;
}
