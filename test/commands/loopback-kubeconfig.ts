import { writeFile } from 'node:fs/promises';
import { authority } from '../io/server/running-webhook.ts';

/** A kubeconfig for an API server on loopback. */
export function kubeconfigFor(server: string): string {
  const ca = Buffer.from(authority.cert).toString('base64');
  return JSON.stringify({
    clusters: [{ name: 'one', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'one', user: { token: 'good' } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
  });
}

/** Writes one. Returns the file. */
export async function writeKubeconfig(file: string, server: string): Promise<string> {
  await writeFile(file, kubeconfigFor(server));
  return file;
}
