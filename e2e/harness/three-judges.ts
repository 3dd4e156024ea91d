import { join } from 'node:path';
import type { Cluster } from '../drivers/cluster.ts';
import { waitFor } from '../drivers/waiting.ts';
import type { ApiAnswer, ApiClient } from './api-client.ts';
import { type AuditEvent, auditEvents } from './audit-log.ts';
import { answerReviews, type CheckedFinding, checkManifests } from './checked-manifests.ts';
import { inParallel } from './in-parallel.ts';
import { createNamespace } from './namespace.ts';
import { createManifest, type Manifest } from './random-manifests.ts';
import { recordLike } from './recorder.ts';
import { type RecordedReview, type RecordingWebhook, startRecordingWebhook } from './recording-webhook.ts';
import { startSekisho } from './sekisho.ts';

const atOnce = 10;

/** A manifest that the API server accepts where nobody judges, and what it warns of by itself. */
export interface Accepted {
  readonly manifest: Manifest;
  readonly own: readonly string[];
}

/** `Status` of Kubernetes' `meta/v1`. */
export interface Status {
  readonly status?: string;
  readonly message: string;
  readonly details?: { readonly causes?: readonly { reason: string; message: string; field: string }[] };
}

/** A response that `sekisho review` wrote. */
export interface Reviewed {
  readonly allowed: boolean;
  readonly status?: Status;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** One manifest, and what everybody said of it. */
export interface Asked extends Accepted {
  readonly answer: ApiAnswer;
  readonly event: AuditEvent;
  /** The webhook's line. */
  readonly log: Readonly<Record<string, unknown>>;
  /** Of the API server to the webhook. */
  readonly review: SentReview;
  readonly reviewed: Reviewed;
  readonly ofManifest: readonly CheckedFinding[];
  readonly ofStored: readonly CheckedFinding[];
}

/** An AdmissionReview of the API server. */
export interface SentReview extends RecordedReview {
  readonly request: RecordedReview['request'] & { readonly object: unknown };
}

/** What is asked, of whom, in which language. */
export interface Question {
  readonly accepted: readonly Accepted[];
  readonly policyFile: string;
  readonly language: 'en' | 'ja';
  readonly client: ApiClient;
  readonly cluster: Cluster;
}

const keyOf = (kind: string, name: unknown): string => `${kind}/${String(name)}`;

/** Asks all three about every manifest. */
export async function askEveryone(question: Question): Promise<readonly Asked[]> {
  const { accepted, policyFile, language, cluster } = question;
  const args = ['--policy', policyFile, '--lang', language];
  const { namespace, answers, lines, reviews } = await askWebhook(question);
  const events = await auditEvents({ verb: 'create', namespace }, { atLeast: accepted.length, cluster });
  const check = (folder: string, objects: readonly unknown[]) =>
    checkManifests({
      folder: join(cluster.folder, `${folder}-${language}`),
      objects,
      args: [...args, '--namespace', namespace],
    });
  const find = <T>(items: readonly T[], fits: (item: T) => boolean, what: string): T => {
    const found = items.filter(fits);
    if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} × ${what}`);
    return found[0];
  };
  const joined = accepted.map(({ manifest, own }, index) => {
    const { name, workload } = manifest;
    const { resource } = workload;
    const log = find(lines, (line) => line['resource'] === resource && line['name'] === name, `line of ${name}`);
    const event = find(
      events,
      ({ objectRef }) => objectRef?.resource === resource && objectRef.name === name,
      `event of ${name}`,
    );
    const sent = find(
      reviews,
      ({ request }) => request.resource.resource === resource && request.name === name,
      `review of ${name}`,
    );
    // Every call has a uid of its own; the id of the decision is made of it.
    const review = { ...sent, request: { ...sent.request, uid: String(log['uid']) } };
    return { manifest, own, answer: answers[index] as ApiAnswer, event, log, review };
  });
  const reviewed = await answerReviews<Reviewed & { readonly uid: string }>(
    joined.map(({ review }) => review),
    args,
  );
  const ofManifests = await check(
    'manifests',
    accepted.map(({ manifest }) => manifest.object),
  );
  const ofStored = await check(
    'stored',
    joined.map(({ review }) => review.request.object),
  );
  return joined.map((each, index) => {
    const key = keyOf(each.manifest.workload.kind, each.manifest.name);
    return {
      ...each,
      reviewed: reviewed[index] as Reviewed,
      ofManifest: ofManifests.get(key) ?? [],
      ofStored: ofStored.get(key) ?? [],
    };
  });
}

interface Webhooks {
  readonly namespace: string;
  readonly answers: readonly ApiAnswer[];
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly reviews: readonly SentReview[];
}

/** Creates every manifest, in a dry run, before the webhook and a recorder that is asked the same. */
async function askWebhook({ accepted, policyFile, language, client, cluster }: Question): Promise<Webhooks> {
  const namespace = await createNamespace({}, { name: `shop-${language}`, cluster });
  await using recorder: RecordingWebhook = await startRecordingWebhook();
  const args = ['--lang', language, '--log-level', 'debug'];
  await using sekisho = await startSekisho({ cluster, policyFiles: [policyFile], args });
  await using _ = await recordLike(sekisho.dir, recorder, cluster);
  await whenRecorded(recorder, client, accepted[0]);
  recorder.take();
  const manifests = accepted.map(({ manifest }) => manifest);
  const answers = await inParallel(manifests, atOnce, (manifest) => createManifest(manifest, namespace, client));
  const lines = sekisho.log().filter((line) => line['msg'] === 'decided' && line['namespace'] === namespace);
  return { namespace, answers, lines, reviews: recorder.take() as readonly SentReview[] };
}

/** Until both webhooks are asked: in another namespace, so that nothing of it is in the way. */
function whenRecorded(recorder: RecordingWebhook, client: ApiClient, probe: Accepted | undefined): Promise<true> {
  if (probe === undefined) throw new Error('no manifest');
  const { manifest } = probe;
  return waitFor(
    async () => {
      await createManifest(manifest, 'default', client);
      return recorder.take().length > 0 ? true : undefined;
    },
    { withinMs: 20_000, what: 'the first review for the recorder' },
  );
}
