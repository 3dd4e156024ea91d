import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import {
  answer,
  containerSecuredWith,
  containerWith,
  type Json,
  podWith,
  policyOf,
  reviewOf,
} from '../../admission-requests.ts';

const digest = `@sha256:${'a'.repeat(64)}`;
const images = { images: { requireDigest: {} } };
const resources = { resources: { requireLimits: { resources: ['memory'] } } };

/** What an update from one pod to another is refused for. */
async function refused(
  spec: Json,
  old: Json,
  [pod, subResource = '']: readonly [pod: Json, subResource?: string],
): Promise<readonly string[]> {
  const policies = [policyOf({ mode: 'Enforce', ...spec })];
  const { response, findings } = await answer(reviewOf(pod, { oldObject: old, subResource }), { policies });
  expect(response.allowed).toBe(findings.length === 0);
  return findings.map(({ rule, path }) => `${rule.id} ${formatFieldPath(path)}`);
}

const container = (name: string, fields: Json = {}): Json => ({
  ...containerWith({ image: 'app:1' }, name),
  ...fields,
});
const limited = (memory: string | undefined): Json =>
  memory === undefined ? { resources: {} } : { resources: { limits: { memory } } };
const pod = (containers: readonly Json[], spec: Json = {}, metadata: Json = {}): Json =>
  podWith({ containers, ...spec }, metadata);

describe('an update of a pod that is older than the policy', () => {
  const old = pod([container('app'), container('side')]);

  test('passes where it changes labels, finalizers or nothing', async () => {
    const labelled = pod([container('app'), container('side')], {}, { labels: { tier: 'web' }, finalizers: ['x/y'] });
    for (const changed of [old, labelled])
      expect(await refused({ ...images, ...resources }, old, [changed])).toEqual([]);
  });

  test('is held to the image rules for the images that the same container did not have', async () => {
    const one = pod([container('app', { image: 'app:2' }), container('side')]);
    expect(await refused(images, old, [one])).toEqual(['requireDigest spec.containers[0].image']);
    const good = pod([container('app', { image: `app${digest}` }), container('side')]);
    expect(await refused(images, old, [good])).toEqual([]);
    const swapped = pod([container('side'), container('app')]);
    expect(await refused(images, old, [swapped]), 'by name, wherever they stand').toEqual([]);
    const exchanged = [container('app', { image: 'side:1' }), container('side', { image: 'app:1' })];
    expect(await refused(images, old, [pod(exchanged)]), 'what another container had is new here').toEqual([
      'requireDigest spec.containers[0].image',
    ]);
  });

  test('is held to the image rules for an ephemeral container, which is never blamed for its resources', async () => {
    const debugged = pod([container('app'), container('side')], { ephemeralContainers: [container('debugger')] });
    expect(await refused({ ...images, ...resources }, old, [debugged, 'ephemeralcontainers'])).toEqual([
      'requireDigest spec.ephemeralContainers[0].image',
    ]);
  });

  test('is held to the image rules for the reference of a volume, should that ever change', async () => {
    const mounted = (reference: string): Json =>
      pod([container('app')], {
        volumes: [
          { name: 'data', image: { reference } },
          { name: 'tmp', emptyDir: {} },
        ],
      });
    expect(await refused(images, mounted('data:1'), [mounted('data:1')])).toEqual([]);
    expect(await refused(images, mounted('data:1'), [mounted('data:2')])).toEqual([
      'requireDigest spec.volumes[0].image.reference',
    ]);
  });

  test('is held to the resource rules for the containers whose resources changed', async () => {
    const before = pod([container('app', limited('1Gi')), container('side', limited(undefined))]);
    const raised = pod([container('app', limited('2Gi')), container('side', limited(undefined))]);
    expect(await refused(resources, before, [raised, 'resize'])).toEqual([]);
    const removed = pod([container('app', limited(undefined)), container('side', limited(undefined))]);
    expect(await refused(resources, before, [removed, 'resize'])).toEqual([
      'requireLimits spec.containers[0].resources.limits.memory',
    ]);
  });

  test('is held to the Pod Security Standards as upstream holds it: not for its resources', async () => {
    const privileged = (memory: string, image = 'app:1'): Json =>
      pod([{ ...containerSecuredWith({ privileged: true }), image, ...limited(memory) }]);
    const standards = { podSecurity: { level: 'baseline' } };
    expect(await refused({ ...standards, ...resources }, privileged('1Gi'), [privileged('2Gi'), 'resize'])).toEqual([]);
    expect(await refused(standards, privileged('1Gi'), [privileged('1Gi', 'app:2')])).toEqual([
      'privileged spec.containers[0].securityContext.privileged',
    ]);
  });

  test('is judged in full where the old pod cannot be read', async () => {
    const unreadable = podWith({ containers: 'none' });
    expect(await refused(images, unreadable, [old])).toHaveLength(2);
  });

  test('proposes changes of what it is held against, and of nothing else', async () => {
    const secured = (name: string, image: string, privileged: boolean): Json => ({
      ...containerSecuredWith({ privileged }, name),
      image,
    });
    const before = pod([secured('app', 'app:1', false)]);
    const after = pod([secured('app', 'app:2', true)]);
    const policies = [policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' }, ...images })];
    const { response } = await answer(reviewOf(after, { oldObject: before }), { policies });
    expect(response.status?.message).toContain('These changes satisfy 1 of 2:');
  });
});
