import { describe, expect, test } from 'vitest';
import { answer, containerWith, isAllowed, type Json, podWith, policyOf, reviewOf } from './admission-requests.ts';

/* The rows of the design's list of threats that are about resources, each named as there. */

const policies = [
  policyOf({
    mode: 'Enforce',
    resources: {
      requireRequests: { resources: ['cpu'] },
      requireLimits: { resources: ['memory'] },
      maximumLimits: { containers: { memory: '1Gi' } },
    },
  }),
];

const resourced = (memory: unknown, name = 'app', more: Json = {}): Json =>
  containerWith({ resources: { requests: { cpu: '100m' }, limits: { memory } }, ...more }, name);
const pod = (memory: unknown, more: Json = {}): Json => podWith({ containers: [resourced(memory)], ...more });

describe('quantities', () => {
  test.each<[unknown, boolean]>([
    ['1e3', true],
    ['.5', true],
    ['1e99', false],
    ['1K', false],
    ['-1', false],
    ['0x10', false],
    ['NaN', false],
    ['', false],
    [1024, true],
    [1.5, true],
    [-1, false],
    [true, false],
    [{ __proto__: null, toString: '1' }, false],
  ])('%j is let through: %j', async (memory, allowed) => {
    expect(await isAllowed(pod(memory), { policies })).toBe(allowed);
  });

  test('a megabyte of digits, or an exponent of a billion, is answered like any other', async () => {
    expect(await isAllowed(pod('9'.repeat(1_000_000)), { policies })).toBe(false);
    expect(await isAllowed(pod('1e999999999'), { policies })).toBe(false);
  });

  test('the name of a resource in a pod may be anything', async () => {
    const limits = JSON.parse('{"memory": "1Gi", "__proto__": "x", "constructor": {}, "": null}');
    const container = containerWith({ resources: { requests: { cpu: '1' }, limits } });
    expect(await isAllowed(podWith({ containers: [container] }), { policies })).toBe(true);
  });
});

describe('resize', () => {
  const resize = (object: Json, oldObject = pod('512Mi')): Promise<boolean> =>
    isAllowed(object, { policies, oldObject, subResource: 'resize' });

  test('that raises a limit over the maximum is denied', async () => {
    expect(await resize(pod('2Gi'))).toBe(false);
    expect(await resize(pod('1Gi'))).toBe(true);
  });

  test('that the API server would not even hand on is judged all the same', async () => {
    expect(await resize(podWith({ containers: [containerWith({ resources: {} })] })), 'limits removed').toBe(false);
    expect(await resize(pod(null)), 'a limit of nothing').toBe(false);
  });

  test('of a pod above the maximum passes where it changes nothing of that', async () => {
    const two = (memory: string): Json => podWith({ containers: [resourced('4Gi'), resourced(memory, 'second')] });
    expect(await resize(two('1Gi'), two('512Mi'))).toBe(true);
    expect(await resize(two('2Gi'), two('512Mi'))).toBe(false);
  });
});

describe('init, sidecar, ephemeral', () => {
  test.each([
    ['init', { initContainers: [containerWith({}, 'other')] }],
    ['sidecar', { initContainers: [containerWith({ restartPolicy: 'Always' }, 'other')] }],
    ['regular', { containers: [resourced('1Gi'), containerWith({}, 'other')] }],
  ])('a %s container without resources is denied, and one with too much', async (_class, more) => {
    expect(await isAllowed(pod('1Gi', more), { policies })).toBe(false);
    const [list = '', containers = []] = Object.entries(more)[0] ?? [];
    const large = containers.map((container) => ({ ...container, ...(resourced('2Gi', 'other') as object) }));
    expect(await isAllowed(pod('1Gi', { [list]: large }), { policies })).toBe(false);
  });

  test('an ephemeral container is never denied for missing resources', async () => {
    const debugged = pod('1Gi', { ephemeralContainers: [containerWith({}, 'debugger')] });
    expect(await isAllowed(debugged, { policies })).toBe(true);
    const update = { policies, oldObject: pod('1Gi'), subResource: 'ephemeralcontainers' };
    expect(await isAllowed(debugged, update)).toBe(true);
    const { findings } = await answer(reviewOf(debugged, update), update);
    expect(findings).toEqual([]);
  });
});
