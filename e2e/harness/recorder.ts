import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import type { RecordingWebhook } from './recording-webhook.ts';
import { registerWebhook } from './webhook-configuration.ts';

interface Configuration {
  readonly metadata: object;
  readonly webhooks: readonly { readonly name: string }[];
}

/** Registers a recorder for all that Sekisho, whose folder is given, is asked about. */
export async function recordLike(dir: string, recorder: RecordingWebhook, cluster: Cluster): Promise<AsyncDisposable> {
  const configuration = parse(await readFile(join(dir, 'webhook-configuration.yaml'), 'utf8')) as Configuration;
  const clientConfig = { url: `${recorder.url}/validate`, caBundle: recorder.caBundle };
  const webhooks = configuration.webhooks.map((webhook) => ({
    ...webhook,
    name: webhook.name.replace('sekisho', 'recorder'),
    clientConfig,
  }));
  return registerWebhook(JSON.stringify({ ...configuration, metadata: { name: 'recorder' }, webhooks }), cluster);
}
