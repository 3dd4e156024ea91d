import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer } from '../drivers/api-server.ts';
import type { Cluster } from '../drivers/cluster.ts';
import { type ApiAnswer, type ApiClient, connectToApiServer } from '../harness/api-client.ts';
import { type AuditEvent, auditEvents } from '../harness/audit-log.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { createLabelledNamespaces, type LabelledNamespace, labelChoices } from '../harness/labelled-namespaces.ts';
import { createPod } from '../harness/pod-requests.ts';
import { type ReviewAnswer, reviewPods } from '../harness/pod-reviews.ts';
import type { Pod } from '../harness/pod-twists.ts';
import { tellingPods } from '../harness/telling-pods.ts';

/*
 * The API server's own PodSecurity admission is the oracle, and Sekisho is told the same labels of the same namespaces. It
 * judges before any webhook is asked, so that behind it a webhook would never see what it denies: Sekisho answers reviews
 * of the same pods by `sekisho review`, with the namespaces as the API server gives them.
 */
const seed = Number(process.env['E2E_SEED'] ?? 20_261_122);
const mixedNamespaces = 110;
const policyFile = import.meta.filename.replace(/\.test\.ts$/, '.yaml');

interface Compared {
  readonly namespace: LabelledNamespace;
  readonly pod: string;
  readonly builtIn: ApiAnswer;
  readonly event: AuditEvent;
  readonly sekisho: ReviewAnswer;
}

/** What both say of one pod in one namespace, in the same words. */
interface Verdict {
  readonly allowed: boolean;
  readonly warned: boolean;
  /** What was recorded without denying; whatever Sekisho warns of it records too. */
  readonly recorded: boolean;
  readonly enforced: string | undefined;
}

describeCase('namespace labels under Respect', ['binaries'], () => {
  const cleanUp = new AsyncDisposableStack();
  let compared: readonly Compared[];

  beforeAll(async () => {
    const { binaries, driver } = sharedCluster();
    if (binaries === undefined) throw new Error('no binaries');
    // Labels that it cannot read are refused where PodSecurity runs, and stay where it was off when they were written.
    const { cluster, restart } = cleanUp.use(await startApiServer(binaries, driver, { withoutPodSecurity: true }));
    const before = cleanUp.use(await connectToApiServer(cluster));
    const namespaces = await createLabelledNamespaces(labelChoices(seed, mixedNamespaces), before);
    const stored = await inParallel(tellingPods, 4, (pod) => storedForm(pod, before));
    await restart?.();
    const client = cleanUp.use(await connectToApiServer(cluster));
    compared = await compare({ namespaces, stored }, client, cluster);
  }, 300_000);
  afterAll(() => cleanUp.disposeAsync());

  test('every pod gets the verdict, the warnings, the record and the level that the built-in admission gives it', () => {
    const differing = compared.filter((one) => JSON.stringify(ofBuiltIn(one)) !== JSON.stringify(ofSekisho(one)));
    const told = differing.map((one) => {
      return `${JSON.stringify(one.namespace.labels)} ${one.pod}: ${JSON.stringify([ofBuiltIn(one), ofSekisho(one)])}`;
    });
    expect(told.slice(0, 20)).toEqual([]);
    expect(compared.length).toBe((90 + mixedNamespaces) * tellingPods.length);
    const count = (what: (verdict: Verdict) => boolean): number => compared.map(ofBuiltIn).filter(what).length;
    const counts = {
      compared: compared.length,
      denied: count(({ allowed }) => !allowed),
      warned: count(({ warned }) => warned),
      recorded: count(({ recorded }) => recorded),
      differences: differing.length,
    };
    console.log(JSON.stringify(counts));
    expect(Math.min(counts.denied, counts.warned, counts.recorded)).toBeGreaterThan(200);
  });

  test('the pods tell every two of the levels and versions apart', () => {
    const alone = compared.filter(({ namespace }) => isReadable(namespace));
    const denials = Map.groupBy(alone, ({ namespace }) => JSON.stringify(namespace.labels));
    const patterns = [...denials.values()].map((those) => those.map(({ builtIn }) => builtIn.code === 201).join());
    expect(new Set(patterns).size).toBe(patterns.length);
    expect(patterns).toHaveLength(6);
  });
});

/** One of two levels at one of three versions, to enforce and nothing else. */
function isReadable({ labels }: LabelledNamespace): boolean {
  const { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/enforce-version': version } = labels;
  const known = ['baseline', 'restricted'].includes(level ?? '') && /^v1\.[1-9]/.test(version ?? '');
  return known && Object.keys(labels).length === 2;
}

/** As the API server completes it, which is what a webhook is sent. */
async function storedForm(pod: Pod, client: ApiClient): Promise<Pod> {
  const { code, body, message } = await createPod(pod, { namespace: 'default', client });
  if (code !== 201) throw new Error(`${pod.metadata.name}: ${message}`);
  return JSON.parse(body) as Pod;
}

interface Subjects {
  readonly namespaces: readonly LabelledNamespace[];
  readonly stored: readonly Pod[];
}

async function compare(subjects: Subjects, client: ApiClient, cluster: Cluster): Promise<readonly Compared[]> {
  const pairs = subjects.namespaces.flatMap((namespace) => subjects.stored.map((pod) => ({ namespace, pod })));
  const builtIn = await inParallel(pairs, 10, ({ namespace, pod }) =>
    createPod(sendable(pod), { namespace: namespace.name, client }),
  );
  const { body } = await client.send({ method: 'GET', path: '/api/v1/namespaces' });
  const namespaceFile = join(cluster.folder, 'namespaces.json');
  await writeFile(namespaceFile, body);
  const reviews = pairs.map(({ namespace, pod }) => ({ namespace: namespace.name, pod }));
  const sekisho = await reviewPods(reviews, { policyFile, namespaceFile });
  const written = await auditEvents(
    { verb: 'create', resource: 'pods', subresource: '' },
    { cluster, atLeast: pairs.length + subjects.stored.length, withinMs: 20_000 },
  );
  const events = new Map(written.map((event) => [event.auditID, event]));
  return pairs.map(({ namespace, pod }, index): Compared => {
    const [answer, review] = [builtIn[index], sekisho[index]];
    const event = events.get(answer?.auditId ?? '');
    if (answer === undefined || review === undefined || event === undefined) throw new Error('an answer is missing');
    return { namespace, pod: pod.metadata.name ?? '', builtIn: answer, event, sekisho: review };
  });
}

/** Without what only a stored pod has. */
function sendable({ apiVersion, kind, metadata, spec }: Pod): Pod {
  const { name, labels, annotations } = metadata as Pod['metadata'] & { labels?: unknown; annotations?: unknown };
  return { apiVersion, kind, metadata: { name, labels, annotations }, spec } as Pod;
}

function ofBuiltIn({ builtIn, event }: Compared): Verdict {
  const allowed = builtIn.code === 201;
  if (!allowed && !builtIn.message.includes('violates PodSecurity')) throw new Error(builtIn.message);
  const { annotations = {} } = event;
  const warned = builtIn.warnings.some((warning) => warning.includes('would violate PodSecurity'));
  const recorded = allowed && (warned || annotations['pod-security.kubernetes.io/audit-violations'] !== undefined);
  const enforced = annotations['pod-security.kubernetes.io/enforce-policy'];
  return { allowed, warned, recorded, enforced: enforced?.startsWith('privileged:') ? undefined : enforced };
}

function ofSekisho({ sekisho: { allowed, warnings = [], auditAnnotations = {} } }: Compared): Verdict {
  const recorded = allowed && auditAnnotations['audit-violations'] !== undefined;
  const enforced = auditAnnotations['enforce-policy']?.replace(/^labels=/, '');
  // The built-in admission does not warn of what it denies.
  return { allowed, warned: allowed && warnings.length > 0, recorded, enforced };
}
