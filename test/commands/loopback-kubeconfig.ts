import { writeFile } from 'node:fs/promises';
import { authority } from '../io/server/running-webhook.ts';

/** A kubeconfig for an API server on loopback. Returns the file. */
export async function writeKubeconfig(file: string, url: string): Promise<string> {
  const ca = Buffer.from(authority.cert).toString('base64');
  const content = {
    clusters: [{ name: 'one', cluster: { server: url, 'certificate-authority-data': ca } }],
    users: [{ name: 'one', user: { token: 'good' } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
  };
  await writeFile(file, JSON.stringify(content));
  return file;
}
