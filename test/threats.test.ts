import { describe, expect, test } from 'vitest';
import { workloads } from '../src/core/pod/workload.ts';
import { minimalPod } from '../src/core/rules/minimal-pod.ts';
import {
  answer,
  builtin,
  containerSecuredWith,
  containerWith,
  exceptionOf,
  isAllowed,
  podWith,
  policyOf,
  reviewOf,
  rulesAgainst,
  wrap,
} from './admission-requests.ts';

/* Rows of the design's list of threats, each named as there. What a row says of images and resources comes later. */

const privileged = containerSecuredWith({ privileged: true }, 'evil');

describe('init, sidecar, ephemeral', () => {
  test.each([
    ['init', { initContainers: [privileged] }],
    ['sidecar', { initContainers: [{ ...privileged, restartPolicy: 'Always' }] }],
    ['regular', { containers: [containerWith(), privileged] }],
    ['ephemeral', { ephemeralContainers: [privileged] }],
  ])('a privileged %s container is denied', async (_class, spec) => {
    expect(await isAllowed(podWith(spec))).toBe(false);
  });

  test('a privileged ephemeral container is denied by its subresource, a compliant one is not', async () => {
    const oldObject = podWith();
    const update = { oldObject, subResource: 'ephemeralcontainers' };
    expect(await isAllowed(podWith({ ephemeralContainers: [privileged] }), update)).toBe(false);
    expect(await isAllowed(podWith({ ephemeralContainers: [containerWith({}, 'debug')] }), update)).toBe(true);
  });
});

describe('update', () => {
  const old = podWith({ hostPID: true });

  test.each([
    ['another image, however harmless', podWith({ hostPID: true, containers: [containerWith({ image: 'pause:2' })] })],
    ['a compliant ephemeral container', podWith({ hostPID: true, ephemeralContainers: [containerWith({}, 'debug')] })],
    ['a container more', podWith({ hostPID: true, containers: [containerWith(), containerWith({}, 'second')] })],
    ['an init container more', podWith({ hostPID: true, initContainers: [containerWith({}, 'init')] })],
    [
      'another image while deleting',
      podWith(
        { hostPID: true, containers: [containerWith({ image: 'pause:2' })] },
        { deletionTimestamp: '2026-01-01' },
      ),
    ],
  ])('an old violating pod is judged again when it gets %s', async (_what, object) => {
    expect(await isAllowed(object, { oldObject: old })).toBe(false);
  });

  test.each([
    ['a label', podWith({ hostPID: true }, { labels: { a: 'b' } })],
    ['an annotation', podWith({ hostPID: true }, { annotations: { a: 'b' } })],
    ['a toleration', podWith({ hostPID: true, tolerations: [{ key: 'a', operator: 'Exists' }] })],
    ['no finalizer while deleting', podWith({ hostPID: true }, { finalizers: [], deletionTimestamp: '2026-01-01' })],
  ])('an old violating pod may get %s', async (_what, object) => {
    expect(await isAllowed(object, { oldObject: old })).toBe(true);
  });

  test.each(['status', 'exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy'])(
    'pods/%s passes',
    async (subResource) => {
      const object = podWith({ hostPID: true, containers: [containerWith({ image: 'other' })] });
      expect(await isAllowed(object, { oldObject: old, subResource })).toBe(true);
    },
  );

  test('an unknown subresource of pods is judged', async () => {
    const object = podWith({ hostPID: true, containers: [containerWith({ image: 'other' })] });
    expect(await isAllowed(object, { oldObject: old, subResource: 'hotswap' })).toBe(false);
    expect(await isAllowed(podWith({ hostPID: true }), { operation: 'CREATE', subResource: 'hotswap' })).toBe(false);
  });

  test('an update without its old object is judged like a new pod', async () => {
    expect(await isAllowed(podWith({ hostPID: true }), { operation: 'UPDATE' })).toBe(false);
    expect(await isAllowed(podWith({ hostPID: true }), { operation: 'UPDATE', oldObject: { spec: 5 } })).toBe(false);
  });

  test('pods/resize passes: it has no field of the Pod Security Standards', async () => {
    const object = podWith({ hostPID: true, containers: [containerWith({ resources: { limits: { cpu: '2' } } })] });
    expect(await isAllowed(object, { oldObject: old, subResource: 'resize' })).toBe(true);
  });
});

describe('controllers', () => {
  const bad = podWith({ hostNetwork: true });

  test.each(workloads.map(({ kind }) => kind))('%s is denied at its pod, with the path into it', async (kind) => {
    const { response, findings } = await answer(reviewOf(wrap(kind, bad), { kind }));
    expect(response.allowed).toBe(false);
    const prefix = workloads.find((workload) => workload.kind === kind)?.path ?? [];
    expect(findings.map(({ path }) => path)).toEqual([[...prefix, 'spec', 'hostNetwork']]);
    expect(await isAllowed(wrap(kind, podWith()), { kind })).toBe(true);
  });

  test('a ReplicationController without template has nothing to judge', async () => {
    expect(await isAllowed({ spec: { template: null } }, { kind: 'ReplicationController' })).toBe(true);
    expect(await isAllowed({ spec: {} }, { kind: 'ReplicationController' })).toBe(true);
  });

  test.each(['Deployment', 'CronJob'])('a %s without template cannot be read and is denied', async (kind) => {
    expect(await isAllowed({ metadata: { name: 'web' }, spec: {} }, { kind })).toBe(false);
  });

  test('scale and status of a controller pass', async () => {
    for (const subResource of ['scale', 'status']) {
      const scale = { kind: 'Deployment', subResource, oldObject: {} };
      expect(await isAllowed({ spec: { replicas: 3 } }, scale)).toBe(true);
    }
  });

  test('an old violating Deployment may be scaled and labelled, but not get another violating template', async () => {
    const old = wrap('Deployment', bad);
    const scaled = {
      ...old,
      metadata: { name: 'web', labels: { a: 'b' } },
      spec: { ...(old['spec'] as object), replicas: 3 },
    };
    expect(await isAllowed(scaled, { kind: 'Deployment', oldObject: old })).toBe(true);
    const changed = wrap('Deployment', podWith({ hostNetwork: true, containers: [containerWith({ image: 'other' })] }));
    expect(await isAllowed(changed, { kind: 'Deployment', oldObject: old })).toBe(false);
  });

  test('workloads: Warn warns about templates and denies their pods; Ignore is silent', async () => {
    const warn = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', workloads: 'Warn' } })];
    const warned = await answer(reviewOf(wrap('Job', bad), { kind: 'Job' }), { policies: warn });
    expect(warned.response.allowed).toBe(true);
    expect(warned.response.warnings).toHaveLength(1);
    expect(await isAllowed(bad, { policies: warn })).toBe(false);
    const ignore = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', workloads: 'Ignore' } })];
    expect(await rulesAgainst(wrap('Job', bad), { kind: 'Job', policies: ignore })).toEqual([]);
  });

  test('a template that a controller owns is left to its owner, one that merely names an owner is not', async () => {
    const owned = (controller: boolean): Record<string, unknown> => ({
      ...wrap('ReplicaSet', bad),
      metadata: { name: 'web-1', ownerReferences: [{ kind: 'Deployment', name: 'web', controller }] },
    });
    expect(await isAllowed(owned(true), { kind: 'ReplicaSet' })).toBe(true);
    expect(await isAllowed(owned(false), { kind: 'ReplicaSet' })).toBe(false);
  });
});

describe('mirror pods', () => {
  test('the annotation of a mirror pod buys nothing', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'abc', 'kubernetes.io/config.source': 'file' };
    expect(await isAllowed(podWith({ hostPID: true }, { annotations }))).toBe(false);
  });
});

describe('unknown fields', () => {
  test('an unknown volume source is denied at restricted', async () => {
    const pod = podWith({ volumes: [{ name: 'v', quantumDisk: { id: 1 } }] });
    expect(await rulesAgainst(pod)).toEqual(['restrictedVolumes']);
  });

  test('a volume without any source is an emptyDir, as upstream has it', async () => {
    expect(await rulesAgainst(podWith({ volumes: [{ name: 'v' }, { name: 'w', nfs: null }] }))).toEqual([]);
  });

  test('a field that nobody knows changes nothing', async () => {
    expect(await isAllowed(podWith({ hostNetworking: true, containers: [containerWith({ Privileged: true })] }))).toBe(
      true,
    );
  });
});

describe('override', () => {
  test.each([
    ['runAsNonRoot', { securityContext: { runAsNonRoot: true } }, { runAsNonRoot: false }],
    [
      'seccompProfile_restricted',
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      { seccompProfile: { type: 'Unconfined' } },
    ],
    [
      'windowsHostProcess',
      { securityContext: { windowsOptions: { hostProcess: false } } },
      { windowsOptions: { hostProcess: true } },
    ],
  ])('%s: what the container says wins over the pod', async (rule, spec, securityContext) => {
    expect(await rulesAgainst(podWith({ ...spec, containers: [containerSecuredWith(securityContext)] }))).toEqual([
      rule,
    ]);
  });

  test('hostProcess of the pod is denied too', async () => {
    expect(await rulesAgainst(podWith({ securityContext: { windowsOptions: { hostProcess: true } } }))).toEqual([
      'windowsHostProcess',
    ]);
  });

  test('a stronger rule that only warns does not silence the weaker one that denies', async () => {
    const rules = { capabilities_restricted: { mode: 'Warn' } };
    const policies = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', rules } })];
    const pod = podWith({
      containers: [containerSecuredWith({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })],
    });
    const { response, findings } = await answer(reviewOf(pod), { policies });
    expect(response.allowed).toBe(false);
    expect(findings.map(({ rule, mode }) => `${rule.id} ${mode}`)).toEqual([
      'capabilities_baseline Enforce',
      'capabilities_restricted Warn',
    ]);
  });

  test('a violation excused from the stronger rule is still one of the weaker, unless that is named too', async () => {
    const pod = podWith({
      containers: [containerSecuredWith({ capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } })],
    });
    const except = (rules: string[]) => [
      policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', except: [{ rules, values: ['NET_ADMIN'] }] } }),
    ];
    expect(await rulesAgainst(pod, { policies: except(['capabilities_restricted']) })).toEqual([
      'capabilities_baseline',
    ]);
    const both = except(['capabilities_restricted', 'capabilities_baseline']);
    expect(await rulesAgainst(pod, { policies: both })).toEqual([]);
    const other = podWith({
      containers: [containerSecuredWith({ capabilities: { drop: ['ALL'], add: ['SYS_TIME'] } })],
    });
    expect(await isAllowed(other, { policies: both })).toBe(false);
  });

  test('the weaker rule is silent where the stronger speaks', async () => {
    const pod = podWith({ volumes: [{ name: 'v', hostPath: { path: '/' } }] });
    expect(await rulesAgainst(pod)).toEqual(['restrictedVolumes']);
    expect(await rulesAgainst(pod, { policies: [builtin('builtin:baseline')] })).toEqual(['hostPathVolumes']);
  });
});

describe('empties', () => {
  test.each([
    ['securityContext: {}', containerWith({ securityContext: {} })],
    ['capabilities: null', containerSecuredWith({ capabilities: null })],
    ['drop: ["all"]', containerSecuredWith({ capabilities: { drop: ['all'] } })],
    ['procMount: ""', containerSecuredWith({ procMount: '' })],
    ['seccompProfile: {}', containerSecuredWith({ seccompProfile: {} })],
  ])('%s is denied, as upstream does', async (_what, container) => {
    expect(await isAllowed(podWith({ containers: [container] }))).toBe(false);
  });

  test.each([
    ['hostPort: 0', containerWith({ ports: [{ containerPort: 80, hostPort: 0 }] })],
    ['procMount: null', containerSecuredWith({ procMount: null })],
    ['seLinuxOptions.type: ""', containerSecuredWith({ seLinuxOptions: { type: '' } })],
    ['capabilities.add: []', containerSecuredWith({ capabilities: { drop: ['ALL'], add: [] } })],
  ])('%s is allowed, as upstream does', async (_what, container) => {
    expect(await isAllowed(podWith({ containers: [container] }))).toBe(true);
  });

  test('a host port beside an ordinary port, a container without capabilities: cases that other engines got wrong', async () => {
    const ports = [{ hostPort: 80 }, { containerPort: 8081 }];
    expect(await rulesAgainst(podWith({ containers: [containerWith({ ports })] }))).toEqual(['hostPorts']);
    const { capabilities: _, ...rest } = minimalPod.spec.containers[0].securityContext;
    expect(await rulesAgainst(podWith({ containers: [containerWith({ securityContext: rest })] }))).toEqual([
      'capabilities_restricted',
    ]);
  });
});

describe('Windows, user namespaces, hosts of probes', () => {
  const windows = podWith({
    os: { name: 'windows' },
    containers: [containerWith({ securityContext: { runAsNonRoot: true } })],
  });

  test('a Windows pod is exempt since v1.25, and only when its system is exactly windows', async () => {
    expect(await isAllowed(windows)).toBe(true);
    expect(await isAllowed(windows, { policies: [builtin('builtin:restricted@v1.24')] })).toBe(false);
    expect(await isAllowed({ ...windows, spec: { ...(windows['spec'] as object), os: { name: 'Windows' } } })).toBe(
      false,
    );
  });

  test('a pod in a user namespace may run as root since v1.35, and only when hostUsers is exactly false', async () => {
    const containers = [containerSecuredWith({ runAsNonRoot: false, runAsUser: 0 })];
    expect(await isAllowed(podWith({ hostUsers: false, containers }))).toBe(true);
    expect(await isAllowed(podWith({ hostUsers: 'false', containers }))).toBe(false);
    expect(
      await isAllowed(podWith({ hostUsers: false, containers }), { policies: [builtin('builtin:restricted@v1.34')] }),
    ).toBe(false);
  });

  test("a probe's host is denied since v1.34", async () => {
    const pod = podWith({
      containers: [containerWith({ livenessProbe: { httpGet: { host: '169.254.169.254', port: 80 } } })],
    });
    expect(await rulesAgainst(pod)).toEqual(['hostProbesAndHostLifecycle']);
    expect(await isAllowed(pod, { policies: [builtin('builtin:restricted@v1.33')] })).toBe(true);
  });
});

describe('names', () => {
  const hostile = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each(hostile)(
    'a namespace, volume, container, label and annotation called %s get an ordinary verdict',
    async (name) => {
      const keys = JSON.parse(`{"${name}": "x"}`) as Record<string, string>;
      const good = podWith(
        { containers: [containerWith({}, name)], volumes: [{ name, emptyDir: {} }] },
        { name, labels: keys, annotations: keys },
      );
      expect(await isAllowed(good, { namespace: name })).toBe(true);
      const spec = { ...(good['spec'] as object), hostPID: true };
      expect(await rulesAgainst({ ...good, spec }, { namespace: name })).toEqual(['hostNamespaces']);
    },
  );

  test('a policy for the namespace constructor holds there and nowhere else', async () => {
    const match = { namespaces: { include: ['constructor'] } };
    const policies = [policyOf({ mode: 'Enforce', match, podSecurity: { level: 'baseline' } })];
    expect(await isAllowed(podWith({ hostPID: true }), { policies, namespace: 'constructor' })).toBe(false);
    expect(await isAllowed(podWith({ hostPID: true }), { policies, namespace: 'shop' })).toBe(true);
  });

  test("the object's own namespace does not decide which policies match", async () => {
    const policies = [
      policyOf({ mode: 'Enforce', match: { namespaces: { exclude: ['free'] } }, podSecurity: { level: 'baseline' } }),
    ];
    expect(await isAllowed(podWith({ hostPID: true }, { namespace: 'free' }), { policies })).toBe(false);
  });
});

describe('exceptions', () => {
  const policies = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } })];
  const fromPrivileged = { policies: [{ name: 'production', rules: ['privileged'] }] };
  const pod = podWith({ containers: [privileged] });

  test('one that has expired has no effect', async () => {
    const expiresAt = '2026-11-22T12:00:00Z';
    const exceptions = [exceptionOf({ ...fromPrivileged, expiresAt })];
    const now = Date.parse(expiresAt);
    expect(await isAllowed(pod, { policies, exceptions, now: now - 1 })).toBe(true);
    expect(await isAllowed(pod, { policies, exceptions, now })).toBe(false);
  });

  test('two that overlap excuse no more than each by itself', async () => {
    const exceptions = [
      exceptionOf({ ...fromPrivileged, match: { names: ['trusted'], containers: ['evil'] } }, 'a'),
      exceptionOf({ ...fromPrivileged, match: { names: ['example'], containers: ['app'] } }, 'b'),
    ];
    expect(await isAllowed(pod, { policies, exceptions })).toBe(false);
  });

  test.each(['labels', 'annotations'])('nobody excuses himself by %s', async (field) => {
    const exceptions = [exceptionOf({ ...fromPrivileged, match: { names: ['trusted'] } }, 'legacy')];
    const claimed = { name: 'trusted', exception: 'legacy', 'sekisho.dev/exception': 'legacy' };
    const object = { ...pod, metadata: { name: 'example', [field]: claimed } };
    expect(await isAllowed(object, { policies, exceptions })).toBe(false);
  });

  test('thousands of excused violations do not hide the one that is not, nor let it through', async () => {
    const many = Array.from({ length: 6_000 }, (_, i) => ({ ...privileged, name: `c${i}` }));
    const containers = [...many, containerSecuredWith({ privileged: true, runAsUser: 0 }, 'evil')];
    const exceptions = [exceptionOf(fromPrivileged)];
    const newOnly = [policyOf({ mode: 'Enforce', onUpdate: 'NewOnly', podSecurity: { level: 'restricted' } })];
    const object = wrap('Deployment', podWith({ containers }));
    const oldObject = wrap('Deployment', podWith({ containers }, { labels: { a: 'b' } }));
    const { response } = await answer(reviewOf(object, { kind: 'Deployment', oldObject }), {
      policies: newOnly,
      exceptions,
    });
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain('[runAsUser]');
    expect(response.status?.message).toMatch(/: 1\+ violations of policy production\n/);
    expect(await isAllowed(podWith({ containers: many }), { policies, exceptions })).toBe(true);
  });
});

describe('messages', () => {
  const hostileTexts: readonly [string, string][] = [
    ['an ANSI sequence', '\u001b[2J\u001b[31m'],
    ['a newline', 'a\nError from server: all is well'],
    ['a carriage return', 'a\rb'],
    ['a mark that reverses the text', 'a\u202eb'],
    ['300 emoji', '🚢'.repeat(300)],
    ['a lone surrogate', 'a\ud800b'],
    ['a megabyte', 'x'.repeat(1_048_576)],
    ['a NUL', 'a\u0000b'],
  ];

  test.each(hostileTexts)(
    '%s in every text a user writes is escaped and cut, and the answer stays small',
    async (_what, text) => {
      const container = containerSecuredWith({ procMount: text, capabilities: { drop: [text], add: [text] } }, text);
      const pod = podWith(
        { containers: [container], volumes: [{ name: text, [text]: {} }] },
        { name: text, namespace: text },
      );
      const policies = [
        builtin('builtin:restricted'),
        policyOf({ mode: 'Warn', podSecurity: { level: 'restricted' } }),
      ];
      for (const locale of ['en', 'ja'] as const) {
        const { response } = await answer(reviewOf(pod, { namespace: text }), { policies, locale });
        expect(response.allowed).toBe(false);
        const message = response.status?.message ?? '';
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096);
        const texts = [
          ...message.split('\n'),
          ...(response.warnings ?? []),
          ...Object.values(response.auditAnnotations ?? {}),
          ...(response.status?.details?.causes ?? []).flatMap((cause) => [cause.field, cause.message]),
        ];
        for (const line of texts) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(response.warnings?.every((line) => [...line].length <= 256)).toBe(true);
        expect(message.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
      }
    },
  );

  test('ten thousand violating containers make one message of at most 4 KiB that says how many were left out', async () => {
    const containers = Array.from({ length: 10_000 }, (_, index) =>
      containerWith({ securityContext: {} }, `c${index}`),
    );
    const { response } = await answer(reviewOf(podWith({ containers })));
    expect(Buffer.byteLength(response.status?.message ?? '')).toBeLessThanOrEqual(4096);
    expect(response.status?.message).toMatch(/: 5000\+ violations of policy/);
    expect(response.status?.message).toMatch(/… and 49\d\d more/);
    expect(response.status?.details?.causes).toHaveLength(100);
    const warned = (await answer(reviewOf(podWith({ containers })), { ceiling: 'Warn' })).response;
    expect((warned.warnings ?? []).join('').length).toBeLessThanOrEqual(4096);
    expect(warned.warnings?.at(-1)).toMatch(/^… and \d+ more findings$/);
    for (const text of Object.values(warned.auditAnnotations ?? {})) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    }
  });
});

describe('malformed pods', () => {
  test.each([
    ['no object', null, 'the object is missing'],
    ['a text', 'pod', 'the object must be an object'],
    ['a spec that is a list', { ...minimalPod, spec: [] }, 'spec must be an object'],
    ['containers that are an object', podWith({ containers: {} }), 'spec.containers must be a list'],
    ['a container that is null', podWith({ containers: [null] }), 'spec.containers[0] is missing'],
    [
      'a securityContext that is a text',
      podWith({ securityContext: 'none' }),
      'spec.securityContext must be an object',
    ],
    [
      'capabilities.add that is a text',
      podWith({ containers: [containerSecuredWith({ capabilities: { add: 'ALL' } })] }),
      'spec.containers[0].securityContext.capabilities.add must be a list',
    ],
  ])('%s is denied with the field in the message', async (_what, object, problem) => {
    const { response } = await answer(reviewOf(object));
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain(problem);
    expect(response.auditAnnotations?.['error']).toContain(problem);
  });

  test('under a ceiling of Audit nothing is denied, not even what cannot be read', async () => {
    const { response } = await answer(reviewOf({ spec: 5 }), { ceiling: 'Audit' });
    expect(response.allowed).toBe(true);
    expect(response.auditAnnotations?.['error']).toContain('spec must be an object');
  });

  test('where no policy has a say, nothing is denied', async () => {
    const policies = [
      policyOf({
        mode: 'Enforce',
        match: { namespaces: { include: ['other'] } },
        podSecurity: { level: 'restricted' },
      }),
    ];
    expect(await isAllowed({ spec: 5 }, { policies })).toBe(true);
  });
});
