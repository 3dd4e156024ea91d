import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer } from '../drivers/api-server.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { acceptedPods } from '../harness/accepted-pods.ts';
import { type ApiClient, connectToApiServer } from '../harness/api-client.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { type Comparison, differences, isDenied, printComparison } from '../harness/comparison.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { readManifests } from '../harness/manifests.ts';
import { apiServerMetrics } from '../harness/metrics.ts';
import { createNamespace } from '../harness/namespace.ts';
import { createPod, waitUntilPodsAllowed } from '../harness/pod-requests.ts';
import {
  createTwins,
  judgeTwins,
  type TwinPolicy,
  type TwinSetting,
  type Twins,
} from '../harness/pod-security-twins.ts';
import type { Pod } from '../harness/pod-twists.ts';
import { type PodUpdate, randomUpdate, updateKinds, updatePod } from '../harness/pod-updates.ts';
import { createRandom } from '../harness/random.ts';

/*
 * The API server's own PodSecurity admission is the oracle: what its labels deny, a policy of the same level and version
 * must deny, and nothing else. The seed is fixed; another one, or more pods: E2E_SEED, E2E_PODS.
 */
const seed = Number(process.env['E2E_SEED'] ?? 20_260_801);
const podsWanted = Number(process.env['E2E_PODS'] ?? 1_000);
const storedPodsOfEachPolicy = 10; // × 6 policies × 5 kinds of update = 300
const atOnce = 10; // two requests each

const policyFile = import.meta.filename.replace(/\.test\.ts$/, '.yaml');
const { items: policies } = JSON.parse(readManifests(import.meta.filename).all()) as { items: TwinPolicy[] };

interface ComparedUpdate extends Comparison {
  readonly subject: { readonly update: PodUpdate; readonly pod: Pod };
}

/** A pod that is stored in both twins, under one name. */
interface StoredPod {
  readonly twins: Twins;
  readonly name: string;
  readonly pod: Pod;
}

describeCase('the differential run against PodSecurity admission', ['webhookAddress'], () => {
  let setting: TwinSetting;
  let accepted: readonly Pod[];
  let before: WebhookCalls;
  const cleanUp = new AsyncDisposableStack();

  beforeAll(async () => {
    const cluster = await quietCluster(cleanUp);
    const client = cleanUp.use(await connectToApiServer(cluster));
    setting = { policies, policyFile, client, cluster };
    before = await webhookCalls(cluster);
    const namespace = await createNamespace({}, { cluster });
    await waitUntilPodsAllowed({ namespace, client });
    accepted = await acceptedPods({ seed, pods: podsWanted }, { namespace, client });
  }, 300_000);
  afterAll(() => cleanUp.disposeAsync());

  test('a policy denies the same new pods as the built-in labels of its level and version', async () => {
    const pairs = await createTwins(setting, 'new');
    await using _ = await judgeTwins(pairs, setting);
    const compared = await compareNewPods(pairs, accepted, setting.client);
    printComparison('new pods', compared, ({ twins: { level, version } }) => `${level} ${version}`);
    expect(differences(compared)).toEqual([]);
    expect(compared.length).toBeGreaterThanOrEqual(6 * 1_000);
    expect(compared.filter(isDenied).length).toBeGreaterThan(compared.length / 3);
  }, 900_000);

  test('a policy denies the same updates of older pods as the built-in labels', async () => {
    const pairs = await createTwins(setting, 'old');
    const updates = await legalUpdates(await storePods(pairs, accepted, setting.client), setting.client);
    await using _ = await judgeTwins(pairs, setting);
    const compared = await compareUpdates(updates, setting.client);
    printComparison('updates of older pods', compared, ({ subject }) => subject.update.kind);
    expect(differences(compared)).toEqual([]);
    expect(compared).toHaveLength(300);
    const denied = new Set(compared.filter(isDenied).map(({ subject }) => subject.update.kind));
    expect(denied).toEqual(new Set(['image', 'ephemeral container']));
  }, 120_000);

  test('no call of the webhook failed or was let through unjudged', async () => {
    const { answered, failed, failedOpen } = await webhookCalls(setting.cluster);
    expect({ failed: failed - before.failed, failedOpen: failedOpen - before.failedOpen }).toEqual({
      failed: 0,
      failedOpen: 0,
    });
    expect(answered - before.answered).toBeGreaterThanOrEqual(policies.length * accepted.length);
  });
});

/** One of its own if that can be had: tens of thousands of requests would make the shared audit log slow to read. */
async function quietCluster(cleanUp: AsyncDisposableStack): Promise<Cluster> {
  const { binaries, driver } = sharedCluster();
  if (binaries === undefined) return sharedCluster();
  return cleanUp.use(await startApiServer(binaries, driver)).cluster;
}

interface WebhookCalls {
  readonly answered: number;
  readonly failed: number;
  readonly failedOpen: number;
}

async function webhookCalls(cluster: Cluster): Promise<WebhookCalls> {
  const webhook = 'pods.sekisho.dev';
  const metrics = await apiServerMetrics(cluster);
  const failed = metrics.rejections(webhook) - metrics.rejections(webhook, { error_type: 'no_error' });
  const failedOpen = metrics.failedOpen(webhook);
  return { answered: metrics.requests(webhook) - failed - failedOpen, failed, failedOpen };
}

function compareNewPods(pairs: readonly Twins[], pods: readonly Pod[], client: ApiClient): Promise<Comparison[]> {
  const tasks = pairs.flatMap((twins) => pods.map((pod) => ({ twins, pod })));
  return inParallel(tasks, atOnce, async ({ twins, pod }) => {
    const [ofLabels, ofSekisho] = await Promise.all([
      createPod(pod, { namespace: twins.labelled, client }),
      createPod(pod, { namespace: twins.named, client }),
    ]);
    return { twins, subject: pod, ofLabels, ofSekisho };
  });
}

/** Stores some of the pods in both halves of each pair. */
async function storePods(pairs: readonly Twins[], pods: readonly Pod[], client: ApiClient): Promise<StoredPod[]> {
  const random = createRandom(seed);
  // A pod of a node that does not exist would be cleaned away where controllers run.
  const storable = pods.filter(({ spec }) => spec.nodeName === undefined);
  const places = pairs.flatMap((twins) =>
    Array.from({ length: storedPodsOfEachPolicy }, (_, index) => ({ twins, name: `old-${index}` })),
  );
  const chosen = places.map((place) => ({ ...place, pod: random.pick(storable) }));
  return inParallel(chosen, atOnce, async ({ twins, name, pod }) => {
    const metadata = { ...pod.metadata, name };
    const spec = { ...pod.spec, schedulerName: 'none' }; // where nodes are, it must not run
    const answers = await Promise.all(
      [twins.labelled, twins.named].map((namespace) =>
        createPod({ ...pod, metadata, spec }, { namespace, client, keep: true }),
      ),
    );
    for (const { code, body } of answers) if (code !== 201) throw new Error(`not stored: ${body}`);
    return { twins, name, pod: JSON.parse(answers[0]?.body ?? '') as Pod };
  });
}

/** One update of each kind for each pod, which the API server accepts where nobody judges. */
async function legalUpdates(
  stored: readonly StoredPod[],
  client: ApiClient,
): Promise<(StoredPod & { readonly update: PodUpdate })[]> {
  let tried = 0;
  const wanted = stored.flatMap((pod) => updateKinds.map((kind) => ({ ...pod, kind })));
  const updates = await inParallel(wanted, atOnce, async ({ kind, ...pod }, index) => {
    const random = createRandom(seed + 1, index);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const update = randomUpdate(kind, pod.pod, random);
      tried += 1;
      const answer = await updatePod(update, pod.name, { namespace: pod.twins.labelled, client });
      if (answer.code === 200) return { ...pod, update };
    }
    throw new Error(`no legal update (${kind}) of ${JSON.stringify(pod.pod)}`);
  });
  console.log(`the API server accepts ${updates.length} of ${tried} random updates of ${stored.length} stored pods`);
  return updates;
}

function compareUpdates(
  updates: readonly (StoredPod & { readonly update: PodUpdate })[],
  client: ApiClient,
): Promise<ComparedUpdate[]> {
  return inParallel(updates, atOnce, async ({ twins, name, pod, update }) => {
    const [ofLabels, ofSekisho] = await Promise.all([
      updatePod(update, name, { namespace: twins.labelled, client }),
      updatePod(update, name, { namespace: twins.named, client }),
    ]);
    return { twins, subject: { update, pod }, ofLabels, ofSekisho };
  });
}
