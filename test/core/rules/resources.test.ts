import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { lint } from '../../../src/core/policy/lint.ts';
import { parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { findingMessage } from '../../../src/core/render/finding-text.ts';
import { answer, containerWith, type Json, podWith, policyOf, reviewOf, wrap } from '../../admission-requests.ts';

/* What the examples of the rules cannot show. */

const limits = (amounts: Json): Json => ({ resources: { limits: amounts } });
const requests = (amounts: Json): Json => ({ resources: { requests: amounts } });
const sidecar = (name: string, fields: Json): Json => containerWith({ ...fields, restartPolicy: 'Always' }, name);
const overTwo = (fields: Json): Json =>
  podWith({ containers: [containerWith(fields), containerWith(fields, 'second')] });

/** What is found in a pod, as it is printed. */
async function found(rules: Json, pod: Json, more: Parameters<typeof reviewOf>[1] = {}): Promise<readonly string[]> {
  const policies = [policyOf({ mode: 'Enforce', resources: rules })];
  const { findings } = await answer(reviewOf(pod, more), { policies });
  return findings.map((finding) => `${formatFieldPath(finding.path)} ${findingMessage(finding, 'en')}`);
}

const requireMemory = { requireLimits: { resources: ['memory'] } };
const maximum = (bounds: Json): Json => ({ maximumLimits: bounds });

describe('a quantity', () => {
  test.each(['', '1K', '-1', '0x10', 'NaN', '1 Gi', '1Gi\n', 'Infinity', true, [], {}, '1e', '９'])(
    '%j is said to be none by every rule that reads it, and is never 0',
    async (amount) => {
      const rules = {
        requireRequests: { resources: ['memory'] },
        ...requireMemory,
        minimumRequests: { containers: { memory: 0 } },
        maximumRequests: { pod: { memory: '1Ei' } },
        maximumLimits: { sidecars: { memory: '1Ei' } },
        limitRequestRatio: { memory: 1 },
      };
      const policies = [policyOf({ mode: 'Enforce', resources: rules })];
      const pod = podWith({ containers: [containerWith({ resources: { requests: { memory: amount } } })] });
      pod['spec'] = {
        containers: [containerWith({ resources: { limits: { memory: amount }, requests: { memory: amount } } })],
      };
      const { response, findings } = await answer(reviewOf(pod), { policies });
      expect(response.allowed).toBe(false);
      expect(findings.map(({ rule, violation }) => `${rule.id} ${violation.message}`).sort()).toEqual([
        'limitRequestRatio invalid',
        'maximumLimits invalid',
        'maximumRequests invalid',
        'minimumRequests invalid',
        'requireLimits invalid',
        'requireRequests invalid',
      ]);
    },
  );

  test.each<[unknown, boolean]>([
    ['1e3', true],
    ['.5', true],
    ['1024Ki', true],
    ['1048577', false],
    ['1048576.000000001', false],
    ['1e99', false],
    ['1e999999999', false],
    [1_048_576, true],
    [1_048_577, false],
    [null, true],
  ])('%j is compared exactly', async (amount, kept) => {
    const pod = podWith({ containers: [containerWith(limits({ memory: amount }))] });
    expect(await found(maximum({ containers: { memory: '1Mi' } }), pod)).toHaveLength(kept ? 0 : 1);
  });
});

describe('a required limit', () => {
  test('is wanted of every container that can have one, in pods and templates', async () => {
    const spec = { initContainers: [sidecar('proxy', {}), containerWith({}, 'init')] };
    const pod = podWith({ ...spec, ephemeralContainers: [containerWith({}, 'debugger')] });
    const expected = ['containers[0]', 'initContainers[0]', 'initContainers[1]'];
    expect(await found(requireMemory, pod)).toEqual(
      expected.map((at) => `spec.${at}.resources.limits.memory is missing`),
    );
    const deployment = wrap('Deployment', podWith(spec));
    expect(await found(requireMemory, deployment, { kind: 'Deployment' })).toEqual(
      expected.map((at) => `spec.template.spec.${at}.resources.limits.memory is missing`),
    );
  });

  test('of the pod as a whole stands in for those of the containers where Kubernetes has it so', async () => {
    const rules = { requireLimits: { resources: ['memory', 'ephemeral-storage', 'hugepages-2Mi', 'nvidia.com/gpu'] } };
    const whole = { memory: '1Gi', 'ephemeral-storage': '1Gi', 'hugepages-2Mi': '2Mi', 'nvidia.com/gpu': '1' };
    expect(await found(rules, podWith({ resources: { limits: whole } }))).toEqual([
      'spec.containers[0].resources.limits[ephemeral-storage] is missing',
      'spec.containers[0].resources.limits[nvidia.com/gpu] is missing',
    ]);
    expect(await found(requireMemory, podWith({ resources: { limits: { memory: 'all' } } }))).toEqual([
      'spec.containers[0].resources.limits.memory is missing',
      'spec.resources.limits.memory is "all", which is no valid quantity',
    ]);
    expect(await found(requireMemory, podWith({ resources: { limits: { memory: '0' } } }))).toHaveLength(1);
  });

  test('of 0 is none for what is shared, and one for what is not', async () => {
    const rules = { requireLimits: { resources: ['cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu'] } };
    const none = limits({ cpu: '0m', memory: null, 'ephemeral-storage': '0Gi', 'nvidia.com/gpu': '0' });
    expect(await found(rules, podWith({ containers: [containerWith(none)] }))).toEqual([
      'spec.containers[0].resources.limits.cpu is "0m", which limits nothing',
      'spec.containers[0].resources.limits[ephemeral-storage] is "0Gi", which limits nothing',
      'spec.containers[0].resources.limits.memory is null, which limits nothing',
    ]);
  });

  test('is proposed where the API server would take it beside the request', async () => {
    const spec = {
      mode: 'Enforce',
      resources: { requireLimits: { resources: ['memory'], suggest: { memory: '256Mi' } } },
    };
    const proposed = async (memory: unknown): Promise<boolean> => {
      const pod = podWith({ containers: [containerWith(requests({ memory }))] });
      const { response } = await answer(reviewOf(pod), { policies: [policyOf(spec)] });
      return String(response.status?.message).includes('limits: {memory: "256Mi"}');
    };
    expect(await proposed('256Mi')).toBe(true);
    expect(await proposed('257Mi'), 'a limit below the request').toBe(false);
    expect(await proposed('much')).toBe(false);
  });

  test('of what is not shared is proposed for the request too', async () => {
    const suggest = { 'nvidia.com/gpu': 1, cpu: '1' };
    const required = { resources: ['nvidia.com/gpu', 'cpu'], suggest };
    const policies = [policyOf({ mode: 'Enforce', resources: { requireRequests: required, requireLimits: required } })];
    const { response } = await answer(reviewOf(podWith()), { policies });
    expect(response.status?.message).toContain('These changes satisfy 4 of 4:');
    expect(response.status?.message).toContain('limits: {');
    expect(response.status?.message).not.toContain('requests: {cpu: "1", nvidia');
  });
});

describe('a required request', () => {
  test('may be the limit, and may not be 0', async () => {
    const rules = { requireRequests: { resources: ['cpu'] } };
    expect(await found(rules, podWith({ containers: [containerWith(limits({ cpu: 1 }))] }))).toEqual([]);
    expect(await found(rules, podWith({ containers: [containerWith(limits({ cpu: 'one' }))] }))).toEqual([
      'spec.containers[0].resources.limits.cpu is "one", which is no valid quantity',
    ]);
    const nothing = { resources: { requests: { cpu: '0' }, limits: { cpu: '1' } } };
    expect(await found(rules, podWith({ containers: [containerWith(nothing)] }))).toEqual([
      'spec.containers[0].resources.requests.cpu is "0", which requests nothing',
    ]);
  });
});

describe('a maximum', () => {
  test('for containers holds for init containers and sidecars, by resource, unless these have their own', async () => {
    const fields = limits({ memory: '4Gi', cpu: '4' });
    const pod = podWith({
      containers: [containerWith(fields)],
      initContainers: [sidecar('proxy', fields), containerWith(fields, 'init')],
      ephemeralContainers: [containerWith(fields, 'debugger')],
    });
    const bounds = { containers: { memory: '2Gi', cpu: '2' }, init: { memory: '8Gi' }, sidecars: { cpu: '8' } };
    expect((await found(maximum(bounds), pod)).map((text) => text.split(' ')[0])).toEqual([
      'spec.containers[0].resources.limits.cpu',
      'spec.containers[0].resources.limits.memory',
      'spec.initContainers[0].resources.limits.memory',
      'spec.initContainers[1].resources.limits.cpu',
    ]);
  });

  test('for the pod is of the sum as Kubernetes makes it', async () => {
    const pod = podWith({
      containers: [containerWith(limits({ memory: '3Gi' })), containerWith(limits({ memory: '2Gi' }), 'second')],
      initContainers: [sidecar('proxy', limits({ memory: '1Gi' })), containerWith(limits({ memory: '6Gi' }), 'init')],
      overhead: { memory: '64Mi' },
    });
    expect(await found(maximum({ pod: { memory: '7232Mi' } }), pod)).toEqual([]);
    expect(await found(maximum({ pod: { memory: '7231Mi' } }), pod)).toEqual([
      'spec.resources.limits.memory is 7232Mi for the pod as a whole, more than the maximum of 7231Mi',
    ]);
  });

  test('for the pod does not hold where a container may take any amount, unless the pod as a whole may not', async () => {
    const bounds = maximum({ pod: { memory: '8Gi', 'nvidia.com/gpu': 1 } });
    const containers = [
      containerWith(limits({ memory: '1Gi' })),
      containerWith({}, 'free'),
      containerWith(limits({ memory: 0 }), 'zero'),
    ];
    expect(await found(bounds, podWith({ containers }))).toEqual([
      'spec.resources.limits.memory has no end, because free, zero set no limit; the maximum for the pod as a whole is 8Gi',
    ]);
    expect(await found(bounds, podWith({ containers, resources: { limits: { memory: '8Gi' } } }))).toEqual([]);
    expect(await found(bounds, podWith({ containers, resources: { limits: { memory: '9Gi' } } }))).toEqual([
      'spec.resources.limits.memory is "9Gi", more than the maximum of 8Gi',
    ]);
    const overhead = { overhead: { memory: '1Mi' }, resources: { limits: { memory: '8Gi' } } };
    expect(await found(bounds, podWith({ containers, ...overhead }))).toEqual([
      'spec.resources.limits.memory is 8193Mi for the pod as a whole, more than the maximum of 8Gi',
    ]);
    expect(await found(bounds, podWith({ containers, overhead: { memory: 'some' } }))).toHaveLength(1);
  });

  test('of requests holds for limits where no request stands', async () => {
    const bounds = { maximumRequests: { containers: { memory: '1Gi' }, pod: { memory: '3Gi' } } };
    const deployment = wrap('Deployment', overTwo(limits({ memory: '2Gi' })));
    expect(await found(bounds, deployment, { kind: 'Deployment' })).toEqual([
      'spec.template.spec.containers[0].resources.limits.memory is "2Gi" and so the request, more than the maximum of 1Gi',
      'spec.template.spec.containers[1].resources.limits.memory is "2Gi" and so the request, more than the maximum of 1Gi',
      'spec.template.spec.resources.requests.memory is 4Gi for the pod as a whole, more than the maximum of 3Gi',
    ]);
  });
});

describe('a minimum', () => {
  test('for the pod is not met by a pod that requests nothing, and by one that limits enough it is', async () => {
    const bounds = { minimumRequests: { pod: { memory: '2Gi' } } };
    expect(await found(bounds, podWith())).toEqual([
      'spec.resources.requests.memory is 0 for the pod as a whole, less than the minimum of 2Gi',
    ]);
    expect(await found(bounds, overTwo(limits({ memory: '1Gi' })))).toEqual([]);
    expect(await found(bounds, podWith({ resources: { limits: { memory: '2Gi' } } }))).toEqual([]);
  });
});

describe('a ratio', () => {
  test('is exact, and without end where nothing is requested', async () => {
    const ratio = { limitRequestRatio: { memory: '1.5', cpu: 2 } };
    const of = (request: unknown, limit: unknown) =>
      found(
        ratio,
        podWith({
          containers: [containerWith({ resources: { requests: { memory: request }, limits: { memory: limit } } })],
        }),
      );
    expect(await of('1Gi', '1536Mi')).toEqual([]);
    expect(await of('1Gi', '1610612736.000000001')).toHaveLength(1);
    expect(await of('0', '1')).toHaveLength(1);
    expect(await of('0', '0')).toEqual([]);
    expect(await of('1', null)).toEqual([]);
  });

  test('is asked of the pod as a whole too', async () => {
    const ratio = { limitRequestRatio: { memory: '2' } };
    const pod = (resources: Json): Json =>
      podWith({ containers: [containerWith(requests({ memory: '1Gi' }))], resources });
    expect(await found(ratio, pod({ limits: { memory: '2Gi' } }))).toEqual([]);
    expect(await found(ratio, pod({ limits: { memory: '3Gi' } }))).toEqual([
      'spec.resources.limits.memory is "3Gi", more than 2 times the request of 1Gi',
    ]);
    expect(await found(ratio, pod({ limits: { memory: '3Gi' }, requests: { memory: '2Gi' } }))).toEqual([]);
  });
});

describe('a policy', () => {
  const problems = (resources: Json): readonly string[] => {
    const head = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'x' } };
    const parsed = parsePodPolicy({ ...head, spec: { resources } });
    return 'issues' in parsed ? parsed.issues.map(({ path }) => formatFieldPath(path)) : [];
  };

  test.each([
    'memroy',
    'gpu',
    'Nvidia.com/gpu',
    'a//b',
    'x.io/',
    '/x',
    'hugepages-',
    'hugepages-0Mi',
    'constructor',
    '',
    `x.io/${'y'.repeat(317)}`,
  ])('cannot bound the resource %j, which no container can have', (name) => {
    expect(problems({ requireLimits: { resources: [name] } })).toEqual(
      ['resources.requireLimits.resources[0]'].map((path) => `spec.${path}`),
    );
    expect(problems(maximum({ pod: { [name]: 1 } }))).toHaveLength(1);
  });

  test.each(['cpu', 'memory', 'ephemeral-storage', 'hugepages-1Gi', 'nvidia.com/gpu', 'a.b-c.example/X_y.z'])(
    'can bound %s',
    (name) => {
      expect(problems({ ...maximum({ pod: { [name]: 1 } }), requireLimits: { resources: [name] } })).toEqual([]);
    },
  );

  test.each(['', '-1', '1K', ' 1', '1Gi\n', '0x1', '+1', '1e100', 'NaN', -1, 1.5, true, null, [], {}, '1'.repeat(33)])(
    'cannot say the amount %j',
    (amount) => {
      expect(problems(maximum({ containers: { memory: amount } }))).toEqual([
        'spec.resources.maximumLimits.containers.memory',
      ]);
    },
  );

  test.each(['0', '1.', '.5', '1.5Gi', '2e3', '1E-2', '100m', '7E', '3Ei', 0, 2 ** 53 - 1])(
    'can say the amount %j',
    (amount) => {
      expect(problems(maximum({ containers: { memory: amount } }))).toEqual([]);
    },
  );

  test.each([['0.5'], ['0'], [0], ['2x'], ['1500m'], [1.5], ['1e3'], [-1]])('cannot say the ratio %j', (ratio) => {
    expect(problems({ limitRequestRatio: { memory: ratio } })).toEqual(['spec.resources.limitRequestRatio.memory']);
  });

  test('cannot bound nothing, nor suggest what is not required, nor name too much', () => {
    expect(problems(maximum({}))).toEqual(['spec.resources.maximumLimits']);
    expect(problems({ limitRequestRatio: { mode: 'Warn' } })).toEqual(['spec.resources.limitRequestRatio']);
    expect(problems({ requireLimits: { resources: ['cpu'], suggest: { memory: '1Gi' } } })).toEqual([
      'spec.resources.requireLimits.suggest.memory',
    ]);
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`x.io/y${index}`, 1]));
    expect(problems(maximum({ pod: many }))).toEqual(['spec.resources.maximumLimits.pod']);
    expect(problems({ requireLimits: { resources: Object.keys(many) } })).toHaveLength(1);
    expect(problems({ limitRequestRatio: { 'nvidia.com/gpu': 2, cpu: 2 } })).toHaveLength(1);
  });
});

test('two policies with different maxima are told of each other', () => {
  const policy = (name: string, memory: string) => policyOf({ resources: maximum({ containers: { memory } }) }, name);
  const set = { unread: [], exceptions: [], now: 0, maxExceptionDuration: 0 };
  const reasons = (...policies: readonly ReturnType<typeof policy>[]) =>
    lint({ ...set, policies }).map(({ path, reason }) => `${formatFieldPath(path)} ${reason}`);
  expect(reasons(policy('one', '1Gi'), policy('other', '2Gi'))).toEqual([
    'spec.resources.maximumLimits Overlaps',
    'spec.resources.maximumLimits Overlaps',
  ]);
});

describe('an update of a stored pod by pods/resize', () => {
  const rules = maximum({ containers: { memory: '1Gi' }, pod: { memory: '3Gi' } });
  const pod = (...amounts: readonly string[]): Json =>
    podWith({ containers: amounts.map((memory, index) => containerWith(limits({ memory }), `app-${index}`)) });
  const resized = (old: Json, object: Json) => found(rules, object, { oldObject: old, subResource: 'resize' });

  test('is held to the limits that it raises, and not to those that were there', async () => {
    expect(await resized(pod('2Gi', '1Mi'), pod('2Gi', '2Mi'))).toEqual([]);
    expect(await resized(pod('2Gi', '1Mi'), pod('3Gi', '1Mi'))).toHaveLength(2);
    expect(await resized(pod('1Gi', '1Gi'), pod('1Gi', '2Gi'))).toEqual([
      'spec.containers[1].resources.limits.memory is "2Gi", more than the maximum of 1Gi',
    ]);
  });

  test('is held to the sum of the pod, whichever container it raises', async () => {
    expect(await resized(pod('1Gi', '1Gi', '1Gi'), pod('1Gi', '1Gi', '1025Mi'))).toHaveLength(2);
    expect(await resized(pod('2Gi', '2Gi'), pod('2Gi', '2Gi'))).toEqual([]);
  });
});
