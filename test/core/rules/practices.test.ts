import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import { lintOverlaps } from '../../../src/core/policy/lint-overlaps.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { practiceRules } from '../../../src/core/rules/index.ts';
import { type Rule, type Violation, violationsOf } from '../../../src/core/rules/rule.ts';
import {
  answer,
  containerWith,
  type Json,
  podWith,
  policyOf,
  type ReviewOptions,
  reviewOf,
  workloadNamed,
  wrap,
} from '../../admission-requests.ts';

/* What the examples of the rules cannot show. */

function ruleNamed(id: string): Rule {
  const rule = practiceRules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return rule;
}

interface Asked {
  readonly settings?: Json;
  readonly kind?: string;
}

/** What a rule finds in a pod, or in the template of another kind that holds it. */
function violationsIn(id: string, pod: unknown, { settings = {}, kind = 'Pod' }: Asked = {}): readonly Violation[] {
  const rule = ruleNamed(id);
  const reference = { apiVersion: 'v1', kind, namespace: 'shop', name: 'web' };
  const view = podViewOf(wrap(kind, pod as Json), workloadNamed(kind), reference);
  const params: unknown = rule.params.parse(settings);
  return view === undefined ? [] : violationsOf(rule.versions[0], { pod: view, params, facts: noFacts });
}

function pathsOf(id: string, pod: unknown, asked: Asked = {}): readonly string[] {
  return violationsIn(id, pod, asked).map(({ path }) => formatFieldPath(path));
}

/** The answer of a policy that enforces the section on pods and on templates. */
function answerUnder(practices: Json, object: Json, options: ReviewOptions = {}) {
  const policy = policyOf({ mode: 'Enforce', practices: { workloads: 'Enforce', ...practices } });
  return answer(reviewOf(object, options), { policies: [policy] });
}

/** A pod that has a container of every class, each with these fields. */
function everyClass(fields: Json): Json {
  return podWith({
    initContainers: [containerWith(fields, 'init'), containerWith({ ...fields, restartPolicy: 'Always' }, 'proxy')],
    containers: [containerWith(fields)],
    ephemeralContainers: [containerWith(fields, 'debug')],
  });
}

const everyPlace = [
  'spec.initContainers[0]',
  'spec.initContainers[1]',
  'spec.containers[0]',
  'spec.ephemeralContainers[0]',
];

/** As the API server sends it: `__proto__` is a key like any other in JSON. */
const parsed = (text: string): unknown => JSON.parse(text);

describe.each([
  ['requireLabels', 'labels'],
  ['requireAnnotations', 'annotations'],
])('%s', (id, field) => {
  const having = (held: unknown): Json => podWith({}, { [field]: held });

  test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'misses %s in a pod that has only what every object inherits',
    (key) => {
      const settings = { [field]: [key] };
      for (const held of [{}, null, undefined]) {
        expect(violationsIn(id, having(held), { settings })).toEqual([
          { path: ['metadata', field, key], message: 'missing' },
        ]);
      }
      expect(pathsOf(id, having({ [key]: 'payments' }), { settings })).toEqual([]);
    },
  );

  test('takes no key from what a pod calls __proto__', () => {
    const held = parsed('{"__proto__": {"team": "payments"}}');
    expect(pathsOf(id, having(held), { settings: { [field]: ['team'] } })).toEqual([`metadata.${field}.team`]);
  });

  test('cannot be told to require __proto__, which is no key', () => {
    const { params } = ruleNamed(id);
    expect(params.safeParse({ [field]: ['__proto__'] }).success).toBe(false);
    expect(params.safeParse(parsed('{"patterns": {"__proto__": ["x"]}}')).success).toBe(false);
  });

  test('judges the value of a key named constructor by its own patterns', () => {
    const settings = { patterns: { constructor: ['a*'] } };
    expect(pathsOf(id, having({ constructor: 'abc' }), { settings })).toEqual([]);
    expect(violationsIn(id, having({ constructor: 'b' }), { settings })).toEqual([
      { path: ['metadata', field, 'constructor'], message: 'mismatch', found: 'b', expected: { patterns: ['a*'] } },
    ]);
  });

  test.each([[7], [true], [['x']], [{ x: 'y' }]])('finds a value that is no text: %j', (value) => {
    const settings = { [field]: ['team'], patterns: { tier: ['*'] } };
    expect(pathsOf(id, having({ team: value, tier: value }), { settings })).toEqual([
      `metadata.${field}.team`,
      `metadata.${field}.tier`,
    ]);
  });

  test('requires a key that only has patterns, and asks a key of both settings once', () => {
    const settings = { [field]: ['team', 'tier'], patterns: { tier: ['web'], zone: ['eu-*'] } };
    expect(
      violationsIn(id, having({ team: 'x' }), { settings }).map(({ path, message }) => [path[2], message]),
    ).toEqual([
      ['tier', 'missingMatch'],
      ['zone', 'missingMatch'],
    ]);
  });

  test('refuses settings that require nothing', () => {
    const { params } = ruleNamed(id);
    expect(params.safeParse({}).error?.issues).toMatchObject([{ path: [field] }]);
    expect(params.safeParse({ suggest: { team: 'x' } }).success).toBe(false);
  });

  test('keeps the demands of two policies apart', () => {
    const pod = having({});
    expect(pathsOf(id, pod, { settings: { [field]: ['one'] } })).toEqual([`metadata.${field}.one`]);
    expect(pathsOf(id, pod, { settings: { [field]: ['other'] } })).toEqual([`metadata.${field}.other`]);
  });

  test('reads the template of a Deployment, whose own metadata its pods do not inherit', async () => {
    const deployment = { ...wrap('Deployment', podWith({}, { [field]: {} })) };
    const own = { ...deployment, metadata: { name: 'web', [field]: { team: 'payments' } } };
    const { findings } = await answerUnder({ [id]: { [field]: ['team'] } }, own, { kind: 'Deployment' });
    expect(findings.map(({ path }) => formatFieldPath(path))).toEqual([`spec.template.metadata.${field}.team`]);
  });

  test('proposes what is suggested where nothing stands, and nothing else', () => {
    const { repair, params } = ruleNamed(id);
    const settings = {
      [field]: ['team', 'owner', 'constructor'],
      patterns: { tier: ['web'], zone: ['eu-*'] },
      suggest: { team: 'unassigned', tier: 'db', zone: 'eu-1' },
    };
    const pod = { metadata: { [field]: { zone: 'us-1', owner: '' } }, spec: { containers: [] } };
    const proposed = violationsIn(id, having({ zone: 'us-1', owner: '' }), { settings }).map((violation) => [
      violation.path[2],
      [...(repair?.(pod, violation, params.parse(settings)) ?? [])],
    ]);
    expect(proposed).toEqual([
      ['team', [{ op: 'add', path: ['metadata', field, 'team'], value: 'unassigned' }]],
      // Nobody suggested one, and `constructor` is not what every object inherits.
      ['owner', []],
      ['constructor', []],
      // What is suggested would not do.
      ['tier', []],
      // Somebody wrote another.
      ['zone', []],
    ]);
  });

  test('is asked of a pod that exists only when its metadata changes', async () => {
    const rule = { [id]: { [field]: ['team'] } };
    const oldObject = podWith({}, { [field]: { team: 'payments' } });
    const without = podWith({}, { [field]: {} });
    const debugged = {
      ...without,
      spec: { ...(without['spec'] as Json), ephemeralContainers: [containerWith({}, 'd')] },
    };
    expect((await answerUnder(rule, without, { oldObject })).response.allowed).toBe(false);
    const update = { oldObject: without, subResource: 'ephemeralcontainers' };
    expect((await answerUnder(rule, debugged, update)).response.allowed).toBe(true);
  });
});

test('an annotation that is too long to be compared is matched by a star alone', () => {
  const asked = (pattern: string) => ({ settings: { patterns: { notes: [pattern] } } });
  const annotated = (length: number) => podWith({}, { annotations: { notes: 'x'.repeat(length) } });
  expect(pathsOf('requireAnnotations', annotated(1_024), asked('x*'))).toEqual([]);
  expect(pathsOf('requireAnnotations', annotated(1_025), asked('x*'))).toEqual(['metadata.annotations.notes']);
  expect(pathsOf('requireAnnotations', annotated(200_000), asked('*'))).toEqual([]);
});

describe('requireProbes', () => {
  const both = { settings: { probes: ['readiness', 'liveness', 'startup'] } };

  test('asks containers and sidecars, which can have probes, and no others', () => {
    expect(pathsOf('requireProbes', everyClass({}))).toEqual([
      'spec.initContainers[1].readinessProbe',
      'spec.containers[0].readinessProbe',
    ]);
  });

  test('asks for each probe once, in one order, however the setting names them', () => {
    const settings = { probes: ['startup', 'liveness', 'startup'] };
    expect(pathsOf('requireProbes', podWith(), { settings })).toEqual([
      'spec.containers[0].livenessProbe',
      'spec.containers[0].startupProbe',
    ]);
  });

  test.each([
    ['Job', {}, 0],
    ['CronJob', {}, 0],
    ['Job', { restartPolicy: 'OnFailure' }, 0],
    ['Pod', { restartPolicy: 'Never' }, 0],
    ['Pod', { restartPolicy: 'OnFailure' }, 0],
    ['Pod', { restartPolicy: 'Always' }, 3],
    ['Pod', { restartPolicy: null }, 3],
    ['Pod', { restartPolicy: 'never' }, 3],
    ['Deployment', {}, 3],
    ['DaemonSet', { restartPolicy: 'Always' }, 3],
    ['ReplicationController', {}, 3],
  ])('asks what runs on and not what ends by itself: a %s with %j', (kind, spec, count) => {
    expect(violationsIn('requireProbes', podWith(spec), { ...both, kind })).toHaveLength(count);
  });

  test('does not ask a container that ends by itself in a pod that goes on', () => {
    const containers = [containerWith(), containerWith({ restartPolicy: 'Never' }, 'once')];
    expect(pathsOf('requireProbes', podWith({ containers }))).toEqual(['spec.containers[0].readinessProbe']);
  });

  test.each([
    ['exec', { command: ['true'] }],
    ['httpGet', { port: 80 }],
    ['tcpSocket', { port: 80 }],
    ['grpc', { port: 80 }],
  ])('takes %s for a way to ask where it is an object', (handler, value) => {
    const containers = [containerWith({ readinessProbe: { [handler]: value } })];
    expect(pathsOf('requireProbes', podWith({ containers }))).toEqual([]);
    const nothing = [containerWith({ readinessProbe: { [handler]: null, timeoutSeconds: 1 } })];
    expect(pathsOf('requireProbes', podWith({ containers: nothing }))).toEqual(['spec.containers[0].readinessProbe']);
  });

  test.each([false, 'true', 0, []])('takes no %j for a command', (exec) => {
    const containers = [containerWith({ readinessProbe: { exec } })];
    expect(violationsIn('requireProbes', podWith({ containers }))).toMatchObject([{ message: 'empty' }]);
  });
});

describe('disallowSecretsInEnvironment', () => {
  const id = 'disallowSecretsInEnvironment';
  const reference = { name: 'db', key: 'password' };

  test('looks into containers of every class', () => {
    const variable = { env: [{ name: 'A', valueFrom: { secretKeyRef: reference } }] };
    const at = everyPlace.map((place) => `${place}.env[0].valueFrom.secretKeyRef.name`);
    expect(pathsOf(id, everyClass(variable))).toEqual(at);
    const all = { envFrom: [{ configMapRef: { name: 'a' } }, { secretRef: { name: 'db' } }] };
    expect(pathsOf(id, everyClass(all))).toEqual(everyPlace.map((place) => `${place}.envFrom[1].secretRef.name`));
  });

  test.each([
    ['no name', {}],
    ['an empty one', { name: '' }],
    ['none but null', { name: null, optional: true }],
    ['a number for one', { name: 7 }],
    ['one that is called optional', { ...reference, optional: true }],
  ])('finds a reference with %s', (_what, secretKeyRef) => {
    const containers = [containerWith({ env: [{ name: 'A', valueFrom: { secretKeyRef } }] })];
    expect(pathsOf(id, podWith({ containers }))).toEqual(['spec.containers[0].env[0].valueFrom.secretKeyRef.name']);
  });

  test.each([
    ['lists that are null', { env: null, envFrom: null }],
    ['sources that are null', { env: [{ valueFrom: null }, { valueFrom: { secretKeyRef: null } }], envFrom: [{}] }],
    ['other sources', { env: [{ valueFrom: { configMapKeyRef: reference } }, { valueFrom: { fieldRef: {} } }] }],
    ['a prefix', { envFrom: [{ prefix: 'secretRef', secretRef: null }] }],
  ])('has nothing to say of %s', (_what, fields) => {
    expect(pathsOf(id, everyClass(fields))).toEqual([]);
  });

  test.each([
    ['env that is text', { env: 'A=b' }],
    ['env that is an object', { env: { 0: { valueFrom: { secretKeyRef: reference } } } }],
    ['an item that is a number', { env: [7] }],
    ['an item that is null', { env: [null] }],
    ['a source that is a list', { env: [{ valueFrom: [{ secretKeyRef: reference }] }] }],
    ['a reference that is text', { env: [{ valueFrom: { secretKeyRef: 'db' } }] }],
    ['envFrom that is true', { envFrom: true }],
    ['a reference to all that is a list', { envFrom: [{ secretRef: [reference] }] }],
  ])('does not let %s pass', async (_what, fields) => {
    const { response, findings } = await answerUnder({ [id]: {} }, podWith({ containers: [containerWith(fields)] }));
    expect(response.allowed).toBe(false);
    expect(findings.map(({ rule }) => rule.id)).toEqual(['malformedPod']);
  });

  test('can excuse one Secret by its name', async () => {
    const env = ['db', 'mail'].map((name) => ({ name, valueFrom: { secretKeyRef: { name, key: 'password' } } }));
    const section = { [id]: {}, except: [{ rules: [id], values: ['db'] }] };
    const { findings } = await answerUnder(section, podWith({ containers: [containerWith({ env })] }));
    expect(findings.map(({ violation }) => violation.found)).toEqual(['mail']);
  });

  test('asks a container that is added to a running pod, and not those that were there', async () => {
    const bad = { envFrom: [{ secretRef: { name: 'db' } }] };
    const oldObject = podWith({ containers: [containerWith(bad)] });
    const adding = (fields: Json) => ({
      ...oldObject,
      spec: { ...(oldObject['spec'] as Json), ephemeralContainers: [containerWith(fields, 'debug')] },
    });
    const update = { oldObject, subResource: 'ephemeralcontainers' };
    expect((await answerUnder({ [id]: {} }, adding({}), update)).response.allowed).toBe(true);
    const { findings } = await answerUnder({ [id]: {} }, adding(bad), update);
    expect(findings.map(({ path }) => formatFieldPath(path))).toEqual([
      'spec.ephemeralContainers[0].envFrom[0].secretRef.name',
    ]);
  });
});

describe('readOnlyRootFilesystem', () => {
  const id = 'readOnlyRootFilesystem';
  const field = 'securityContext.readOnlyRootFilesystem';

  test('asks containers of every class', () => {
    expect(pathsOf(id, everyClass({}))).toEqual(everyPlace.map((place) => `${place}.${field}`));
  });

  test.each([
    ['init', 0],
    ['sidecar', 1],
    ['regular', 2],
    ['ephemeral', 3],
  ])('asks the class %s alone where the setting says so', (name, index) => {
    expect(pathsOf(id, everyClass({}), { settings: { classes: [name] } })).toEqual([`${everyPlace[index]}.${field}`]);
  });

  test.each(['Windows', 'linux', 7, null])('asks a pod whose system is said to be %j', (name) => {
    expect(pathsOf(id, podWith({ os: { name } }))).toEqual([`spec.containers[0].${field}`]);
  });

  test.each(['true', 1, {}, ['true']])('does not take %j for true', (value) => {
    const containers = [containerWith({ securityContext: { readOnlyRootFilesystem: value } })];
    expect(violationsIn(id, podWith({ containers }))).toMatchObject([{ found: value }]);
  });
});

describe('service accounts', () => {
  test.each([
    [{}, 'spec.serviceAccountName', undefined],
    [{ serviceAccountName: null }, 'spec.serviceAccountName', undefined],
    [{ serviceAccountName: '' }, 'spec.serviceAccountName', ''],
    [{ serviceAccountName: 'default' }, 'spec.serviceAccountName', 'default'],
    [{ serviceAccountName: 'default', serviceAccount: 'web' }, 'spec.serviceAccountName', 'default'],
    [{ serviceAccountName: '', serviceAccount: 'default' }, 'spec.serviceAccount', 'default'],
    [{ serviceAccountName: '', serviceAccount: '' }, 'spec.serviceAccountName', ''],
    [{ serviceAccountName: 7 }, 'spec.serviceAccountName', 7],
    [{ serviceAccount: ['web'] }, 'spec.serviceAccount', ['web']],
  ])('the default one is found in %j', (spec, path, found) => {
    const [violation] = violationsIn('disallowDefaultServiceAccount', podWith(spec));
    expect(violation && formatFieldPath(violation.path)).toBe(path);
    expect(violation?.found).toEqual(found);
  });

  test.each([
    [['web'], { serviceAccountName: 'web' }, true],
    [['web'], { serviceAccount: 'web' }, true],
    [['web'], { serviceAccountName: 'default', serviceAccount: 'web' }, false],
    [['def*'], {}, true],
    [['default'], { serviceAccountName: '' }, true],
    [['web'], { serviceAccountName: 'web-evil' }, false],
    [['*'], { serviceAccountName: 7 }, false],
    [['*'], { serviceAccountName: 'x'.repeat(254) }, false],
    [['*'], { automountServiceAccountToken: true }, true],
    [[], {}, false],
  ])('whose token is allowed to %j decides what the API server makes of %j', (allowed, spec, isAllowed) => {
    const paths = pathsOf('disallowServiceAccountToken', podWith(spec), { settings: { allowed } });
    expect(paths).toEqual(isAllowed ? [] : ['spec.automountServiceAccountToken']);
  });

  test.each([true, null, 'false', 0, {}])('a token is mounted unless the pod says false, not %j', (value) => {
    const spec = { automountServiceAccountToken: value };
    expect(pathsOf('disallowServiceAccountToken', podWith(spec))).toEqual(['spec.automountServiceAccountToken']);
  });
});

describe('disallowNodeName', () => {
  const bound = podWith({ nodeName: 'node-1' });

  test('does not blame a pod for the node that it was bound to', async () => {
    const debugged = {
      ...bound,
      spec: { ...(bound['spec'] as Json), ephemeralContainers: [containerWith({}, 'debug')] },
    };
    const update = { oldObject: bound, subResource: 'ephemeralcontainers' };
    expect((await answerUnder({ disallowNodeName: {} }, debugged, update)).response.allowed).toBe(true);
    const labelled = podWith({ nodeName: 'node-1' }, { labels: { a: 'b' } });
    expect((await answerUnder({ disallowNodeName: {} }, labelled, { oldObject: bound })).response.allowed).toBe(true);
    expect((await answerUnder({ disallowNodeName: {} }, bound)).response.allowed).toBe(false);
  });

  test.each([7, true, ['node-1'], {}, ' '])('finds %j', (nodeName) => {
    expect(violationsIn('disallowNodeName', podWith({ nodeName }))).toMatchObject([{ found: nodeName }]);
  });
});

describe('disallowPriorityClasses', () => {
  const id = 'disallowPriorityClasses';
  const only = { settings: { denied: ['*'], allowed: ['batch-*', 'web'] } };

  test.each([null, ''])('takes %j for no class', (priorityClassName) => {
    expect(pathsOf(id, podWith({ priorityClassName }), only)).toEqual([]);
  });

  test.each(['system-cluster-critical', 'system-node-critical'])('denies %s unless told otherwise', (name) => {
    expect(pathsOf(id, podWith({ priorityClassName: name }))).toEqual(['spec.priorityClassName']);
    const settings = { allowed: ['system-*'] };
    expect(pathsOf(id, podWith({ priorityClassName: name }), { settings })).toEqual([]);
  });

  test.each([7, true, ['web'], { name: 'web' }, `batch-${'x'.repeat(300)}`])('allows no name like %j', (name) => {
    expect(pathsOf(id, podWith({ priorityClassName: name }), only)).toEqual(['spec.priorityClassName']);
    expect(pathsOf(id, podWith({ priorityClassName: name }))).toEqual(['spec.priorityClassName']);
  });
});

describe('requireRuntimeClass', () => {
  test.each([undefined, null, '', 'Kata', 'kata2', 7, ['kata'], 'toString'])('does not take %j for kata', (name) => {
    const settings = { classes: ['kata'] };
    expect(pathsOf('requireRuntimeClass', podWith({ runtimeClassName: name }), { settings })).toEqual([
      'spec.runtimeClassName',
    ]);
  });

  test('proposes the class where there is only one', () => {
    const { repair, params } = ruleNamed('requireRuntimeClass');
    const proposed = (...classes: readonly string[]) => {
      const settings = params.parse({ classes });
      const [violation] = violationsIn('requireRuntimeClass', podWith(), { settings: { classes } });
      return violation && [...(repair?.({ metadata: {}, spec: { containers: [] } }, violation, settings) ?? [])];
    };
    expect(proposed('kata')).toEqual([{ op: 'add', path: ['spec', 'runtimeClassName'], value: 'kata' }]);
    expect(proposed('kata', 'gvisor')).toEqual([]);
  });
});

describe('disallowDefaultNamespace', () => {
  const ask = (object: Json, options: ReviewOptions) => answerUnder({ disallowDefaultNamespace: {} }, object, options);

  test('names the field of the object and not of its template', async () => {
    const { findings } = await ask(wrap('CronJob', podWith()), { kind: 'CronJob', namespace: 'default' });
    expect(findings.map(({ path }) => formatFieldPath(path))).toEqual(['metadata.namespace']);
  });

  test('goes by where the object is applied, whatever its template says', async () => {
    const template = wrap('Deployment', podWith({}, { namespace: 'default' }));
    expect((await ask(template, { kind: 'Deployment', namespace: 'shop' })).findings).toEqual([]);
  });
});

test.each([
  ['requireRuntimeClass', { classes: ['kata'] }, { classes: ['gvisor'] }],
  ['disallowPriorityClasses', { denied: ['*'], allowed: ['web'] }, { denied: ['*'], allowed: ['batch'] }],
  ['disallowServiceAccountToken', { allowed: ['web'] }, {}],
])('two policies that both say what %s allows are told that only what both allow passes', (id, one, other) => {
  const policy = (name: string, settings: Json) => policyOf({ practices: { [id]: settings } }, name);
  const reasons = (settings: Json) =>
    lintOverlaps([policy('one', one), policy('other', settings)])
      .filter(({ message }) => message.includes('only what both allow passes'))
      .map(({ path }) => formatFieldPath(path));
  const path = `spec.practices.${id}`;
  expect(reasons(other)).toEqual([path, path]);
  expect(reasons(one)).toEqual([]);
});

test('a denial proposes every repair of the section at once, and what it proposes holds', async () => {
  const practices = {
    readOnlyRootFilesystem: {},
    disallowServiceAccountToken: {},
    disallowHostAliases: {},
    disallowNodeName: {},
    requireRuntimeClass: { classes: ['gvisor'] },
    requireLabels: { labels: ['team'], suggest: { team: 'unassigned' } },
    requireProbes: {},
  };
  const pod = podWith({ nodeName: 'node-1', hostAliases: [{ ip: '192.0.2.7', hostnames: ['db'] }] });
  const { response } = await answerUnder(practices, pod);
  const message = response.status?.message ?? '';
  expect(message).toContain('7 violations of policy production');
  expect(message).toContain('These changes satisfy 6 of 7:');
  const patch = message.split('\n').find((line) => line.startsWith('  {')) ?? '';
  expect(JSON.parse(patch)).toEqual({
    metadata: { labels: { team: 'unassigned' } },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'app', securityContext: { readOnlyRootFilesystem: true } }],
      hostAliases: null,
      nodeName: null,
      runtimeClassName: 'gvisor',
    },
  });
});

test('messages are whole sentences of their own, in either language', async () => {
  const policy = policyOf({
    mode: 'Enforce',
    practices: {
      requireLabels: { labels: ['team'], patterns: { tier: ['web', 'db-*'] } },
      disallowPriorityClasses: {},
      disallowSecretsInEnvironment: {},
    },
  });
  const pod = podWith(
    {
      priorityClassName: 'system-node-critical',
      containers: [containerWith({ envFrom: [{ secretRef: { name: 'db' } }] })],
    },
    { labels: { tier: 'cache' } },
  );
  const told = async (locale: 'en' | 'ja') => (await answer(reviewOf(pod), { policies: [policy], locale })).response;
  const english = (await told('en')).status?.message ?? '';
  expect(english).toMatch(/metadata\.labels\.team +is missing/);
  expect(english).toMatch(/metadata\.labels\.tier +is "cache", must match one of web, db-\*/);
  expect(english).toMatch(
    /priorityClassName +is "system-node-critical", must not match any of system-cluster-critical/,
  );
  expect(english).toMatch(/secretRef\.name +is "db": must be mounted as files, not set as variables/);
  const japanese = (await told('ja')).status?.message ?? '';
  expect(japanese).toMatch(/metadata\.labels\.team +がありません/);
  expect(japanese).toMatch(/metadata\.labels\.tier +は "cache" です。web, db-\* のいずれかに一致しなければなりません/);
});
