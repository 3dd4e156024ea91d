import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalApiServer } from '../e2e/drivers/choose.ts';
import type { Cluster } from '../e2e/drivers/cluster.ts';
import { runProgram } from '../e2e/drivers/program.ts';
import { type ApiClient, connectToApiServer } from '../e2e/harness/api-client.ts';
import { startBare } from './bare.ts';
import { type Figure, limitFigure } from './figures.ts';
import { describeMachine, leaveNoCore } from './machine.ts';
import type { Part, Setting } from './part.ts';
import { figureTable, table } from './report.ts';
import { reviewsOf } from './reviews.ts';
import { startSekisho } from './sekisho-server.ts';
import { percentile } from './statistics.ts';

const perSecond = 200;
const warmUpSeconds = 5;
/** Milliseconds. Where even the webhook that does nothing takes longer, a queue was measured and no webhook. */
const keepsUpWithin = 100;
const webhooks = ['sekisho', 'allow-all'] as const;
type Webhook = (typeof webhooks)[number];

/** What a webhook adds to the time that a pod takes through a real API server, beside one that allows everything. */
export async function measureLatency(setting: Setting): Promise<Part> {
  const { options, build, scratch } = setting;
  await using stack = new AsyncDisposableStack();
  // API server, etcd and generator together need more than the core that is left to them elsewhere.
  leaveNoCore();
  const driver = await startLocalApiServer(process.env);
  if ('missing' in driver) return partOf(setting, new Map(), driver.missing);
  const { cluster } = stack.use(driver);
  const sekisho = await startSekisho(build, scratch);
  stack.use(sekisho.process);
  await sekisho.process.whenReady(sekisho.readyUrl);
  const bare = await startBare(scratch);
  stack.use(bare.process);
  await register(cluster, scratch.certificate, { sekisho: sekisho.port, 'allow-all': bare.port });
  const client = stack.use(await connectToApiServer(cluster, { connections: perSecond }));
  const times = new Map<Webhook, number[]>(webhooks.map((webhook) => [webhook, []]));
  for (const webhook of webhooks) await createPods({ client, webhook, seconds: warmUpSeconds, round: 0 });
  for (let round = 1; round <= options.rounds; round++) {
    // Each goes first as often as the other: the store grows meanwhile.
    for (const webhook of round % 2 === 0 ? webhooks : webhooks.toReversed()) {
      const took = await createPods({ client, webhook, seconds: options.seconds, round });
      times.get(webhook)?.push(...took);
      say(`round ${round} of ${options.rounds}: ${webhook} p99 ${percentile(took, 0.99).toFixed(2)} ms`);
    }
  }
  return partOf(setting, times, undefined);
}

/** One namespace for each webhook, and the API server asks it about the pods there and nothing else. */
async function register(cluster: Cluster, ca: string, ports: Readonly<Record<Webhook, number>>): Promise<void> {
  const objects = webhooks.flatMap((name) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: `${name}.bench.sekisho.dev`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 10,
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
          rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
          clientConfig: {
            url: `https://127.0.0.1:${ports[name]}/validate`,
            caBundle: Buffer.from(ca).toString('base64'),
          },
        },
      ],
    },
  ]);
  const args = ['--kubeconfig', cluster.access.administrator.kubeconfig, 'create', '-f', '-'];
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { code, stderr } = await runProgram(cluster.kubectl, args, { env: cluster.kubectlEnv, stdin });
  if (code !== 0) throw new Error(`kubectl cannot register the webhooks: ${stderr}`);
  // The API server learns of them a moment later.
  await sleep(2_000);
}

interface Burst {
  readonly client: ApiClient;
  readonly webhook: Webhook;
  readonly seconds: number;
  readonly round: number;
}

/** Creates pods at the rate, whether or not answers come; milliseconds of each. */
async function createPods({ client, webhook, seconds, round }: Burst): Promise<readonly number[]> {
  const times: number[] = [];
  const asked: Promise<void>[] = [];
  const path = `/api/v1/namespaces/${webhook}/pods`;
  const create = async (number: number): Promise<void> => {
    const sent = performance.now();
    const { code, message } = await client.send({ method: 'POST', path, body: podNamed(`web-${round}-${number}`) });
    times.push(performance.now() - sent);
    if (code !== 201) throw new Error(`${webhook}: ${code} ${message}`);
  };
  const started = performance.now();
  while (asked.length < seconds * perSecond) {
    const due = ((performance.now() - started) / 1_000) * perSecond;
    while (asked.length < Math.min(due, seconds * perSecond)) asked.push(create(asked.length));
    await sleep(1);
  }
  await Promise.all(asked);
  return times;
}

interface RecordedPod {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: object;
}

const [first] = reviewsOf('compliant');
const { object } = (JSON.parse(first?.body.toString() ?? '') as { readonly request: { readonly object: RecordedPod } })
  .request;

/** The compliant pod of the other parts, as somebody would send it. */
function podNamed(name: string): RecordedPod {
  const { apiVersion, kind, metadata, spec } = object;
  const { labels, annotations } = metadata;
  return { apiVersion, kind, metadata: { name, labels, annotations }, spec };
}

type Times = ReadonlyMap<Webhook, readonly number[]>;

function partOf(setting: Setting, times: Times, missing: string | undefined): Part {
  const { options, build, command } = setting;
  const [ours = [], theirs = []] = webhooks.map((webhook) => times.get(webhook));
  const skipped = missing ?? whyVoid(theirs);
  const added = skipped === undefined ? percentile(ours, 0.99) - percentile(theirs, 0.99) : undefined;
  const figures: readonly Figure[] = [
    limitFigure('p99 that Sekisho adds to an allow-all webhook', added, [3, 'ms', 2]),
  ];
  const row = (name: string, took: readonly number[]): readonly string[] => [
    name,
    String(took.length),
    ...[0.5, 0.9, 0.99, 1].map((share) => percentile(took, share).toFixed(2)),
  ];
  const paragraphs = [
    '# Latency',
    `Written by \`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${describeMachine()}.`,
    skipped === undefined
      ? [
          `${perSecond} compliant pods a second, created through a real API server (no node, etcd without fsync), ${options.rounds} × ${options.seconds} s for each webhook in turn.`,
          `\`${build.name}\` with one policy at restricted; the other is the bare node:https server, which parses and allows. API server, etcd and generator share both cores with the webhook that is asked.`,
        ].join('\n')
      : `SKIPPED: ${skipped.split('\n', 1)[0]}.`,
    ...(skipped === undefined
      ? [table(['ms', 'pods', 'p50', 'p90', 'p99', 'most'], [row('Sekisho', ours), row('allow-all', theirs)])]
      : []),
    figureTable(figures),
  ];
  return { title: 'Latency', text: `${paragraphs.join('\n\n')}\n`, figures };
}

function whyVoid(theirs: readonly number[]): string | undefined {
  const base = percentile(theirs, 0.99);
  if (base <= keepsUpWithin) return undefined;
  return `this machine did not keep up with ${perSecond} pods a second: p99 of the allow-all webhook ${base.toFixed(0)} ms`;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
