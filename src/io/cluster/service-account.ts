import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import { urlOf } from '../url.ts';
import { type ClusterCredentials, type Presented, type Remembering, rememberPresented } from './credentials.ts';

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ServiceAccountOptions extends Partial<Remembering> {
  /** Where `token` and `ca.crt` stand. */
  readonly folder?: string;
}

/** Those that the kubelet gives every pod. The token is exchanged for a new one long before it expires. */
export function serviceAccountCredentials(
  environment: Readonly<Record<string, string | undefined>>,
  { folder = mounted, now = () => performance.now() }: ServiceAccountOptions = {},
): ClusterCredentials {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = environment;
  if (host === '' || port === '') {
    throw new SekishoError(
      'UsageInvalid',
      'this is no pod of a cluster (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): add --kubeconfig FILE',
    );
  }
  const server = new URL(urlOf('https', host, port));
  return { server, ...rememberPresented(() => readMounted(folder), { now }) };
}

async function readMounted(folder: string): Promise<Presented> {
  const [token, ca] = await Promise.all([textOf(join(folder, 'token')), textOf(join(folder, 'ca.crt'))]);
  // Explicitly, because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise hand the token to whoever answers.
  return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca, rejectUnauthorized: true } };
}

async function textOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SekishoError(
      'FileUnreadable',
      `${file}: cannot be read: ${messageOf(cause)}; does the pod mount the token of its service account?`,
      cause,
    );
  });
  if (text.trim() !== '') return text;
  throw new SekishoError('FileUnreadable', `${file}: is empty`);
}
