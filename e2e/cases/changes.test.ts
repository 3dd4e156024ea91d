import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, connectToApiServer } from '../harness/api-client.ts';
import { describeCase } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { kubectl } from '../harness/kubectl.ts';
import { patchLocally } from '../harness/local-patch.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { waitUntilPodsAllowed } from '../harness/pod-requests.ts';
import type { Pod } from '../harness/pod-twists.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { createRandom, type Random } from '../harness/random.ts';
import { createManifest, type Manifest, manifestOf, randomManifest } from '../harness/random-manifests.ts';
import { randomPod } from '../harness/random-pods.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

/*
 * What a denial says of its changes is a promise to a developer: "These changes satisfy 3 of 4" means that after them one
 * violation is left and no new one is there. Another seed, or more manifests: E2E_SEED, E2E_MANIFESTS.
 */
const seed = Number(process.env['E2E_SEED'] ?? 20_260_806);
const wanted = Number(process.env['E2E_MANIFESTS'] ?? 200);
const mostViolations = 12;
const atOnce = 4;

type Container = Pod['spec']['containers'][number];

/** What the policy of the case leaves nothing to say about, beside the Pod Security Standards. */
function furnish(pod: Pod): void {
  pod.spec.automountServiceAccountToken = false;
  for (const container of containersOf(pod)) {
    container.imagePullPolicy = 'IfNotPresent';
    container.resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '64Mi' } };
    if (pod.spec.os?.name !== 'windows') {
      container.securityContext = { ...container.securityContext, readOnlyRootFilesystem: true };
    }
  }
}

const twists: readonly ((pod: Pod, container: Container, random: Random) => void)[] = [
  (_, container) => {
    delete container.resources;
  },
  (_, container, random) => {
    container.resources = { requests: { [random.pick(['cpu', 'memory', 'ephemeral-storage'])]: '32Mi' } };
  },
  (_, container) => {
    container.resources = { requests: { cpu: '1', memory: '1Gi' } };
  },
  (_, container, random) => {
    container.imagePullPolicy = random.pick(['Always', 'Never']);
  },
  (_, container, random) => {
    container.image = random.pick(['example.com/app', 'example.com/app:latest']);
  },
  (pod, container, random) => {
    if (pod.spec.os?.name === 'windows') return;
    const readOnlyRootFilesystem = random.pick([false, undefined]);
    container.securityContext = { ...container.securityContext };
    if (readOnlyRootFilesystem === undefined) delete container.securityContext.readOnlyRootFilesystem;
    else container.securityContext.readOnlyRootFilesystem = readOnlyRootFilesystem;
  },
  (pod, _, random) => {
    if (random.chance(0.5)) delete pod.spec.automountServiceAccountToken;
    else pod.spec.automountServiceAccountToken = true;
  },
  (pod) => {
    pod.spec.hostAliases = [{ ip: '192.0.2.1', hostnames: ['db'] }];
  },
];

function containersOf(pod: Pod): Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
}

/** One of an endless series: pods that break the standards in some ways, and the policy's other rules in some more. */
function badManifest(index: number): Manifest {
  const random = createRandom(seed, index);
  const pod = randomPod(seed, index);
  furnish(pod);
  const count = random.pick([0, 1, 1, 2, 3, 4]);
  for (let i = 0; i < count; i += 1) random.pick(twists)(pod, random.pick(containersOf(pod)), random);
  return manifestOf(randomManifest(seed, index).workload, pod, `bad-${index}`);
}

interface Tried {
  readonly manifest: Manifest;
  readonly violations: readonly string[];
  /** Of them, how many the message says its changes end; none where it proposes none. */
  readonly promised: number;
  /** What is left after the changes. */
  readonly left: readonly string[];
}

/** A violation by its place and rule, without what was found there. */
function placeAndRule(line: string): string {
  return `${/^✗ (\S+)/.exec(line)?.[1]} ${/\[(\w+)\]$/.exec(line)?.[1]}`;
}

describeCase('the changes that a denial proposes', ['webhookAddress'], () => {
  let namespace: string;
  let client: ApiClient;
  let sekisho: Sekisho | undefined;
  let tried: readonly Tried[];

  const apply = (manifest: string) =>
    kubectl(['-n', namespace, 'apply', '--dry-run=server', '-f', '-'], { stdin: manifest });

  /** Undefined where there is nothing to deny, or more than a message shows. */
  const tryChanges = async (manifest: Manifest): Promise<Tried | undefined> => {
    const text = JSON.stringify(manifest.object);
    const { code, stderr } = await apply(text);
    if (code === 0) return undefined;
    const { heading, violations, proposal, patch } = readDenial(stderr);
    const places = violations.map(placeAndRule);
    if (places.length > mostViolations || !heading.includes(`: ${places.length} violation`)) return undefined;
    if (proposal === undefined || patch === undefined)
      return { manifest, violations: places, promised: 0, left: places };
    const [, satisfied, count] = /^These changes satisfy (\d+) of (\d+):$/.exec(proposal) ?? [];
    expect(Number(count)).toBe(places.length);
    const changed = await apply(await patchLocally(text, patch));
    const left = changed.code === 0 ? [] : readDenial(changed.stderr).violations.map(placeAndRule);
    return { manifest, violations: places, promised: Number(satisfied), left };
  };

  beforeAll(async () => {
    const unjudged = await createNamespace();
    namespace = await createNamespace();
    client = await connectToApiServer();
    await waitUntilPodsAllowed({ namespace, client });
    const policyFiles = [
      await writePolicy(readManifests(import.meta.filename).object('PodPolicy/production'), namespace),
    ];
    sekisho = await startSekisho({ policyFiles });
    const found: Tried[] = [];
    for (let index = 0; found.length < wanted; index += 50) {
      const batch = Array.from({ length: 50 }, (_, offset) => badManifest(index + offset));
      const answers = await inParallel(batch, atOnce * 2, (manifest) => createManifest(manifest, unjudged, client));
      const accepted = batch.filter((_, place) => answers[place]?.code === 201);
      const results = await inParallel(accepted, atOnce, tryChanges);
      found.push(...results.filter((result) => result !== undefined));
    }
    tried = found.slice(0, wanted);
  }, 600_000);
  afterAll(async () => {
    client?.[Symbol.dispose]();
    await sekisho?.stop();
  });

  test('are tried on manifests of every kind, with one to twelve violations', () => {
    const kinds = new Set(tried.map(({ manifest }) => manifest.workload.kind));
    const rules = new Set(tried.flatMap(({ violations }) => violations.map((text) => text.split(' ')[1])));
    const counts = tried.map(({ violations }) => violations.length);
    const whole = tried.filter(({ promised, violations }) => promised === violations.length).length;
    const none = tried.filter(({ promised }) => promised === 0).length;
    console.log(
      `${tried.length} manifests, ${kinds.size} kinds, ${rules.size} rules, ${Math.max(...counts)} violations at most`,
    );
    console.log(`changes for all of it: ${whole}, for some: ${tried.length - whole - none}, for nothing: ${none}`);
    expect(kinds.size).toBe(9);
    expect(rules.size).toBeGreaterThanOrEqual(18);
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(10);
    expect(whole).toBeGreaterThan(wanted / 3);
  });

  test('end as many violations as the message says, and bring none', () => {
    for (const { manifest, violations, promised, left } of tried) {
      const told = { name: manifest.name, left: left.length, isNew: left.filter((text) => !violations.includes(text)) };
      expect(told).toEqual({ name: manifest.name, left: violations.length - promised, isNew: [] });
    }
  });
});
