import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workloadOfKind } from '../../src/core/pod/workload.ts';
import { startApiServer } from '../drivers/api-server.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { type ApiClient, connectToApiServer } from '../harness/api-client.ts';
import type { AuditEvent } from '../harness/audit-log.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { differencesOf, fillings } from '../harness/fillings.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { waitUntilPodsAllowed } from '../harness/pod-requests.ts';
import { createRandom } from '../harness/random.ts';
import { createManifest, type Manifest, manifestOf, randomManifest } from '../harness/random-manifests.ts';
import { readReferencePods } from '../harness/reference-pods.ts';
import { saidOf } from '../harness/said.ts';
import { type Accepted, type Asked, askEveryone, type Status } from '../harness/three-judges.ts';

/*
 * Three programs, one judge: every manifest goes to `sekisho check` as it was written, through a real API server to
 * `sekisho serve`, and as the AdmissionReview which that API server sent to `sekisho review`. Another seed: E2E_SEED.
 */
const seed = Number(process.env['E2E_SEED'] ?? 20_260_802);
const manifestsWanted = 500;
const referencesTried = 120;
const atOnce = 10;
const { items } = JSON.parse(readManifests(import.meta.filename).all()) as { readonly items: readonly Written[] };
const policies = items.filter(({ apiVersion }) => apiVersion.startsWith('sekisho.dev/'));
const nextMonth = new Date(Date.now() + 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
const byHand = items.filter((item) => !policies.includes(item));
const annotationPrefix = 'pods.sekisho.dev/';

describeCase('check, review and the webhook', ['webhookAddress', 'auditLog', 'binaries'], () => {
  let cluster: Cluster;
  let client: ApiClient;
  let accepted: readonly Accepted[];
  let policyFile: string;
  const cleanUp = new AsyncDisposableStack();

  beforeAll(async () => {
    const { binaries, driver } = sharedCluster();
    if (binaries === undefined) throw new Error('described without binaries');
    // One of its own: a thousand requests would make the shared audit log slow to read.
    cluster = cleanUp.use(await startApiServer(binaries, driver)).cluster;
    client = cleanUp.use(await connectToApiServer(cluster));
    const namespace = await createNamespace({}, { name: 'unjudged', cluster });
    await waitUntilPodsAllowed({ namespace, client });
    accepted = await acceptedManifests(namespace, client);
    policyFile = join(cluster.folder, 'policies.yaml');
    await writeFile(
      policyFile,
      policies
        .map((policy) => JSON.stringify(policy))
        .join('\n---\n')
        .replace('EXPIRES', nextMonth),
    );
  }, 180_000);
  afterAll(() => cleanUp.disposeAsync());

  describe.each(['en', 'ja'] as const)('in %s', (language) => {
    let asked: readonly Asked[];
    beforeAll(async () => {
      asked = await askEveryone({ accepted, policyFile, language, client, cluster });
    }, 300_000);

    test('judge what there is to judge', () => {
      const denied = asked.filter(({ answer }) => answer.code === 403);
      const kinds = new Set(asked.map(({ manifest }) => manifest.workload.kind));
      const rules = new Set(asked.flatMap(({ ofStored }) => ofStored.map(({ rule }) => rule)));
      console.log(`${language}: ${denied.length} of ${asked.length} denied, ${kinds.size} kinds, ${rules.size} rules`);
      expect(asked).toHaveLength(manifestsWanted);
      expect(denied.length).toBeGreaterThan(manifestsWanted / 5);
      expect(denied.length).toBeLessThan((manifestsWanted * 4) / 5);
      expect(kinds.size).toBe(9);
      expect(rules.size).toBeGreaterThanOrEqual(17);
      const modes = new Set(asked.flatMap(({ ofStored }) => ofStored.map(({ mode }) => mode)));
      expect(modes).toEqual(new Set(['Enforce', 'Warn', 'Audit']));
      const excused = asked.filter(({ ofStored }) => ofStored.some(({ exception }) => exception !== undefined));
      expect(excused.length).toBeGreaterThan(manifestsWanted / 10);
    });

    test('`review` answers what the webhook answered, to the last byte', () => {
      for (const { manifest, answer, event, own, reviewed } of asked) {
        const { warnings = [], auditAnnotations = {} } = reviewed;
        const throughApiServer = {
          name: manifest.name,
          allowed: answer.code === 201,
          status: answer.code === 201 ? undefined : withoutPreamble(JSON.parse(answer.body) as Status),
          warnings: without(answer.warnings, own),
          annotations: annotationsOf(event),
        };
        expect(throughApiServer).toEqual({
          name: manifest.name,
          allowed: reviewed.allowed,
          status: reviewed.status && asStored(reviewed.status),
          warnings,
          annotations: auditAnnotations,
        });
      }
    });

    test('`check` finds in what the API server would store what the webhook found, in the same words', () => {
      for (const { manifest, answer, event, own, log, ofStored } of asked) {
        const status = answer.code === 201 ? undefined : (JSON.parse(answer.body) as Status);
        const expected = saidOf(ofStored);
        const said = {
          name: manifest.name,
          causes: status?.details?.causes ?? [],
          warnings: without(answer.warnings, own),
          recorded: annotationsOf(event)['audit-violations'] ?? '',
          exempt: annotationsOf(event)['exempt'] ?? '',
          logged: (log['findings'] ?? []) as readonly unknown[],
        };
        expect(said).toEqual({ name: manifest.name, ...expected });
        expect(answer.code).toBe(expected.causes.length > 0 ? 403 : 201);
      }
    });

    test('`check` finds the same in the manifest, but for what the API server itself puts into it', () => {
      const differences = asked.flatMap(differencesOf);
      const counts = Map.groupBy(differences, ({ kind }) => kind);
      console.log([...counts].map(([kind, those]) => `${language}: ${kind}: ${those.length}`).join('\n'));
      expect(differences.filter(({ kind }) => kind === 'unexplained')).toEqual([]);
      expect(new Set(counts.keys())).toEqual(new Set(fillings.map(({ kind }) => kind)));
    });
  });
});

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

async function acceptedManifests(namespace: string, client: ApiClient): Promise<readonly Accepted[]> {
  const random = createRandom(seed);
  const references = readReferencePods() ?? [];
  const pods = references.length === 0 ? [] : Array.from({ length: referencesTried }, () => random.pick(references));
  const ofReferences = pods.map((pod, index) =>
    manifestOf(randomManifest(seed, 0).workload, pod, `reference-${index}`),
  );
  const first = [...byHand.map(manifestByHand), ...ofReferences];
  const accepted = await acceptedOf(first, namespace, client);
  for (const { metadata } of byHand) expect(accepted.map(({ manifest }) => manifest.name)).toContain(metadata.name);
  let tried = 0;
  while (accepted.length < manifestsWanted) {
    const wanted = manifestsWanted - accepted.length;
    const batch = Array.from({ length: wanted }, (_, index) => randomManifest(seed, tried + index));
    tried += wanted;
    accepted.push(...(await acceptedOf(batch, namespace, client)));
  }
  console.log(`seed ${seed}: ${accepted.length} of ${first.length} reference and ${tried} random manifests`);
  return accepted;
}

function manifestByHand(object: Written): Manifest {
  const workload = workloadOfKind(object.apiVersion, object.kind);
  if (workload === undefined) throw new Error(`${object.kind} holds no pod`);
  return { workload, name: object.metadata.name, object: { ...object } };
}

async function acceptedOf(manifests: readonly Manifest[], namespace: string, client: ApiClient): Promise<Accepted[]> {
  const answers = await inParallel(manifests, atOnce, (manifest) => createManifest(manifest, namespace, client));
  return manifests.flatMap((manifest, index) => {
    const answer = answers[index];
    return answer?.code === 201 ? [{ manifest, own: answer.warnings }] : [];
  });
}

function annotationsOf({ annotations = {} }: AuditEvent): Readonly<Record<string, string>> {
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith(annotationPrefix));
  return Object.fromEntries(ours.map(([key, value]) => [key.slice(annotationPrefix.length), value]));
}

/** The webhook's part of what the API server answers. */
function withoutPreamble({ message, ...answer }: Status): unknown {
  const preamble = 'admission webhook "pods.sekisho.dev" denied the request: ';
  expect(answer).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', metadata: {} });
  expect(message.startsWith(preamble)).toBe(true);
  const { kind: _, apiVersion: __, status: ___, metadata: ____, ...rest } = answer as Record<string, unknown>;
  return { ...rest, message: message.slice(preamble.length) };
}

/** The warnings that are not the API server's own; it shows each text once. */
function without(warnings: readonly string[], own: readonly string[]): readonly string[] {
  expect(warnings).toEqual(expect.arrayContaining([...own]));
  return warnings.filter((warning) => !own.includes(warning));
}

/** The API server reads the status and writes it anew, without fields that are empty. */
function asStored({ details, ...status }: Status): unknown {
  const written = Object.fromEntries(Object.entries<unknown>(details ?? {}).filter(([, value]) => value !== ''));
  return { ...status, details: written };
}
