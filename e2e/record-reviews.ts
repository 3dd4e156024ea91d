/**
 * Records what a real API server sends to a webhook, into test/data/reviews: `node e2e/record-reviews.ts`.
 * Run it again after a Kubernetes upgrade; uids and times change, the shapes should not.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startLocalApiServer } from './drivers/choose.ts';
import type { Cluster } from './drivers/cluster.ts';
import { runProgram } from './drivers/program.ts';
import { kubectlOutput } from './harness/kubectl.ts';
import { createNamespace } from './harness/namespace.ts';
import { type RecordingWebhook, startRecordingWebhook } from './harness/recording-webhook.ts';
import { registerWebhook } from './harness/webhook-configuration.ts';

const manifests = join(import.meta.dirname, 'record-reviews');
const reviews = join(import.meta.dirname, '..', 'test', 'data', 'reviews');
const biome = join(import.meta.dirname, '..', 'node_modules', '.bin', 'biome');
const create = (file: string): string[] => ['create', '-f', join(manifests, file)];

const newImage = JSON.stringify({ spec: { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10.1' }] } });
const moreCpu = JSON.stringify({
  spec: { containers: [{ name: 'app', resources: { requests: { cpu: '150m' }, limits: { cpu: '300m' } } }] },
});

/** In this order: the update, the debug container and the resize need the fixed pod to exist. `undefined`: not recorded. */
const steps: readonly (readonly [review: string | undefined, args: readonly string[]])[] = [
  ['pod-bad', create('pod-bad.yaml')],
  [undefined, ['delete', 'pod', 'web']],
  ['pod-fixed', create('pod-fixed.yaml')],
  ['pod-update-image', ['patch', 'pod', 'web', '--type=strategic', '-p', newImage]],
  ['pod-ephemeral-container', ['debug', 'web', '--image=docker.io/library/busybox:1.37', '-c', 'debugger']],
  ['pod-resize', ['patch', 'pod', 'web', '--subresource=resize', '--type=strategic', '-p', moreCpu]],
  ['deployment-bad', create('deployment-bad.yaml')],
  ['cronjob-bad', create('cronjob-bad.yaml')],
];

interface RecorderConfiguration {
  readonly webhooks: readonly object[];
}

async function register(recorder: RecordingWebhook, cluster: Cluster): Promise<AsyncDisposable> {
  const text = await readFile(join(manifests, 'webhook-configuration.yaml'), 'utf8');
  const configuration = parse(text) as RecorderConfiguration;
  const clientConfig = { url: `${recorder.url}/validate`, caBundle: recorder.caBundle };
  const webhooks = configuration.webhooks.map((webhook) => ({ ...webhook, clientConfig }));
  return registerWebhook(JSON.stringify({ ...configuration, webhooks }), cluster);
}

/** The API server learns of a new webhook from its own watch, a moment after the configuration was applied. */
async function whenAsked(recorder: RecordingWebhook, cluster: Cluster): Promise<void> {
  const probe = ['-n', 'shop', 'create', '--dry-run=server', '-f', join(manifests, 'pod-bad.yaml')];
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await kubectlOutput(probe, { cluster });
    if (recorder.take().length > 0) return;
  }
  throw new Error('the API server never asked the recorder');
}

async function main(): Promise<void> {
  const driver = await startLocalApiServer(process.env);
  if ('missing' in driver) throw new Error(driver.missing);
  await using _driver = driver;
  const { cluster } = driver;
  await using recorder = await startRecordingWebhook();
  await createNamespace({}, { name: 'shop', cluster });
  await using _registered = await register(recorder, cluster);
  await whenAsked(recorder, cluster);
  await mkdir(reviews, { recursive: true });
  for (const [review, args] of steps) {
    await kubectlOutput(['-n', 'shop', ...args], { cluster });
    const recorded = recorder.take();
    if (review === undefined) continue;
    if (recorded.length !== 1) throw new Error(`${review}: asked ${recorded.length} times instead of once`);
    await writeFile(join(reviews, `${review}.json`), `${JSON.stringify(recorded[0], null, 2)}\n`);
    process.stdout.write(`${review}\n`);
  }
  await runProgram(biome, ['format', '--write', reviews]);
}

await main();
