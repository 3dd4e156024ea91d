import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltinWorkload, workloads } from '../../src/core/pod/workload.ts';
import { type ApiClient, connectToApiServer } from '../harness/api-client.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { checkManifests } from '../harness/checked-manifests.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { fieldsOfKind, readSchemas, type SchemaField, type Schemas } from '../harness/openapi-fields.ts';
import { waitUntilPodsAllowed } from '../harness/pod-requests.ts';
import type { Pod } from '../harness/pod-twists.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { createManifest, type Manifest, manifestOf } from '../harness/random-manifests.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

/*
 * A rule that looks at containers and forgets one list of them is a hole (CVE-2023-2727, CVE-2024-3177). The list of
 * places comes from the API server's own schemas, so that a place that a later Kubernetes adds fails here first.
 */

/** Fields of that shape that no rule reads, each looked at by a person. */
const reviewed: readonly (readonly [RegExp, string])[] = [
  [/^status\./, 'what runs, and not what is asked for'],
  [/\.volumes\.\[\]\.rbd\.image$/, 'a block device of Ceph'],
  [/\.volumes\.\[\]\.ephemeral\..*\.resources$/, 'the size of a volume'],
  [/^spec\.volumeClaimTemplates\./, 'the size of a volume'],
  [/(^|(^|\.)template\.)spec\.resources$/, "the pod's own, which stand beside its containers'"],
  [/\.ephemeralContainers\.\[\]\.resources$/, 'cannot be set: the API server refuses it'],
];

const groupVersions = ['api/v1', 'apis/apps/v1', 'apis/batch/v1'];
const manifests = readManifests(import.meta.filename);
const bad = 'registry.example.com/team-evil/app:1';
const resources = { limits: { memory: '64Mi' } };
const good = { name: 'app', image: 'registry.example.com/team/app:1', resources };

function isPlace({ path, siblings, fields }: SchemaField): boolean {
  const last = path.at(-1);
  if (last === 'image') return fields.length === 0;
  if (last === 'reference') return siblings.includes('pullPolicy');
  return last === 'resources' && fields.includes('limits');
}

function schemaName({ group, kind }: BuiltinWorkload): string {
  return `io.k8s.api.${group === '' ? 'core' : group}.v1.${kind}`;
}

/** From the pod: `spec.initContainers.[].image`. */
function placesIn(schemas: Schemas, workload: BuiltinWorkload): readonly string[] {
  const places = fieldsOfKind(schemas, schemaName(workload)).filter(isPlace);
  const unreviewed = places.map(({ path }) => path.join('.')).filter((path) => !reviewed.some(([of]) => of.test(path)));
  const root = workload.path.length === 0 ? '' : `${workload.path.join('.')}.`;
  const outside = unreviewed.filter((path) => !path.startsWith(root));
  if (outside.length > 0) throw new Error(`${workload.kind}: nobody has looked at ${outside.join(', ')}`);
  return unreviewed.map((path) => path.slice(root.length));
}

interface Flaw {
  readonly manifest: Manifest;
  readonly place: string;
  /** Where it is found, from the object. */
  readonly path: string;
  readonly rule: string;
}

/** An object without a flaw, but for the one at a place of its pod. */
function flawAt(workload: BuiltinWorkload, place: string, restartPolicy?: 'Always'): Flaw {
  const [, list = '', , ...field] = place.split('.');
  const isVolume = list === 'volumes';
  const flawed = field[0] === 'resources' ? { ...good, resources: {} } : { ...good, image: bad };
  const container = { ...flawed, name: 'flawed', ...(restartPolicy && { restartPolicy }) };
  const item = isVolume ? { name: 'flawed', image: { reference: bad } } : container;
  const spec: Record<string, unknown> = { containers: [good] };
  const before = (spec[list] as unknown[] | undefined) ?? [];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { ...spec, [list]: [...before, item] } };
  const name = `${list}-${field.join('-')}${restartPolicy ?? ''}-${workload.kind}`.toLowerCase();
  const missing = field[0] === 'resources';
  return {
    manifest: manifestOf(workload, pod as unknown as Pod, name),
    place,
    path: [
      ...workload.path,
      'spec',
      `${list}[${before.length}]`,
      ...field,
      ...(missing ? ['limits', 'memory'] : []),
    ].join('.'),
    rule: missing ? 'requireLimits' : 'allowedRegistries',
  };
}

describeCase('every place of a pod that names an image or sets resources', ['webhookAddress'], () => {
  let namespace: string;
  let client: ApiClient;
  let sekisho: Sekisho | undefined;
  let policyFile: string;
  let schemas: Schemas;
  beforeAll(async () => {
    namespace = await createNamespace();
    client = await connectToApiServer();
    await waitUntilPodsAllowed({ namespace, client });
    policyFile = await writePolicy(manifests.object('PodPolicy/production'), namespace);
    schemas = await readSchemas(groupVersions);
    sekisho = await startSekisho({ policyFiles: [policyFile] });
  });
  afterAll(async () => {
    client?.[Symbol.dispose]();
    await sekisho?.stop();
  });

  const flawsOf = (workload: BuiltinWorkload): readonly Flaw[] => {
    const places = placesIn(schemas, workload);
    const sidecars = places.filter((place) => place.includes('.initContainers.'));
    return [
      ...places.map((place) => flawAt(workload, place)),
      ...sidecars.map((place) => flawAt(workload, place, 'Always')),
    ];
  };

  test('is one that the project knows, in every kind', () => {
    for (const workload of workloads) {
      expect([...placesIn(schemas, workload)].sort(), workload.kind).toEqual([
        'spec.containers.[].image',
        'spec.containers.[].resources',
        'spec.ephemeralContainers.[].image',
        'spec.initContainers.[].image',
        'spec.initContainers.[].resources',
        'spec.volumes.[].image.reference',
      ]);
    }
  });

  describe.each(workloads)('of a $kind', (workload) => {
    test('is judged by the webhook', async () => {
      const fine = manifestOf(workload, { metadata: {}, spec: { containers: [good] } } as unknown as Pod, 'fine');
      expect(await createManifest(fine, namespace, client)).toMatchObject({ code: 201 });
      for (const { manifest, place, path, rule } of flawsOf(workload)) {
        const { code, body } = await createManifest(manifest, namespace, client);
        // The API server itself refuses those, but for the subresource of pods.
        if (place.includes('ephemeralContainers')) expect({ place, code }).toEqual({ place, code: 422 });
        else {
          const causes = code === 403 ? JSON.parse(body).details.causes : body;
          expect(causes, place).toEqual([expect.objectContaining({ field: path, reason: rule })]);
        }
      }
    });
  });

  test('is judged by check, ephemeral containers in templates too', async () => {
    const flaws = workloads.flatMap(flawsOf);
    const folder = join(sharedCluster().folder, 'every-place');
    const objects = flaws.map(({ manifest }) => manifest.object);
    const found = await checkManifests({ folder, objects, args: ['--policy', policyFile, '--namespace', namespace] });
    for (const { manifest, path, rule } of flaws) {
      const findings = found.get(`${manifest.workload.kind}/${manifest.name}`) ?? [];
      expect(findings.map((finding) => `${finding.rule} ${finding.path}`)).toEqual([`${rule} ${path}`]);
    }
    console.log(`${flaws.length} places in ${workloads.length} kinds, each found`);
  });

  test('is judged where kubectl debug puts it, and no container there is blamed for its resources', async () => {
    const [pods] = workloads;
    if (pods === undefined) throw new Error('pods are no workload');
    const fine = manifestOf(pods, { metadata: {}, spec: { containers: [good] } } as unknown as Pod, 'debugged');
    const object = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...fine.object });
    await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: object });
    const debug = (image: string) =>
      kubectl(['-n', namespace, 'debug', 'debugged', `--image=${image}`, '--attach=false']);
    const { violations } = readDenial((await debug(bad)).stderr);
    expect(violations).toEqual([
      expect.stringMatching(/^✗ spec\.ephemeralContainers\[0\]\.image .*\[allowedRegistries\]$/),
    ]);
    expect(await debug(good.image)).toMatchObject({ code: 0 });
  });
});
