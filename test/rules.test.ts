import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { locales, localize } from '../src/core/locale.ts';
import { formatFieldPath, valueAt } from '../src/core/pod/field-path.ts';
import { createPatchedCopy, type PatchOperation } from '../src/core/pod/patch.ts';
import type { PodView } from '../src/core/pod/pod-view.ts';
import { effectiveMinor, newestMinor, parsePolicyVersion } from '../src/core/pod/version.ts';
import { podViewOf, workloadOfKind } from '../src/core/pod/workload.ts';
import { apiVersion, parsePodPolicy } from '../src/core/policy/pod-policy.ts';
import { settingsExample, settingsText } from '../src/core/render/rule-settings.ts';
import { noFacts } from '../src/core/rules/facts.ts';
import { groupNames, podRules } from '../src/core/rules/groups.ts';
import { podSecurityRules } from '../src/core/rules/index.ts';
import { examplePod } from '../src/core/rules/minimal-pod.ts';
import { type Rule, type RuleExample, ruleVersionAt, type Violation, violationsOf } from '../src/core/rules/rule.ts';

function applyPatchOperation(root: unknown, operation: PatchOperation): unknown {
  const copy = createPatchedCopy(root);
  copy.apply(operation);
  return copy.value();
}

const root = join(import.meta.dirname, '../src/core/rules');

async function rulesIn(folder: string): Promise<[string, Rule][]> {
  return Promise.all(
    readdirSync(join(root, folder)).map(async (file): Promise<[string, Rule]> => {
      const module: Readonly<Record<string, Rule>> = await import(pathToFileURL(join(root, folder, file)).href);
      const rule = module[basename(file, '.ts')];
      if (rule === undefined) throw new Error(`${file} exports no ${basename(file, '.ts')}`);
      return [file, rule];
    }),
  );
}

const standards: readonly [file: string, rule: Rule][] = await rulesIn('podSecurity');
const grouped = (await Promise.all(groupNames.map(rulesIn))).flat();
const rules = [...standards, ...grouped];
const levelOf = new Map(rules.map(([, rule]) => [rule.id, rule.level]));

function viewOf(pod: unknown): PodView {
  const workload = workloadOfKind('v1', 'Pod');
  const namespace = valueAt(pod, ['metadata', 'namespace']);
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: String(namespace ?? 'default'), name: 'example' };
  const view = workload && podViewOf(pod, workload, reference);
  if (view === undefined) throw new Error('an example is no pod');
  return view;
}

function minorOf(example: RuleExample): number {
  const version = parsePolicyVersion(example.version ?? 'latest');
  if (version === undefined) throw new Error(`an example has the version ${example.version}`);
  return effectiveMinor(version);
}

/** The violations of a pod at the version of an example; none where the rule does not exist yet. */
function check(rule: Rule, pod: unknown, example: RuleExample): readonly Violation[] {
  const version = ruleVersionAt(rule, minorOf(example));
  const question = { pod: viewOf(pod), params: paramsOf(rule, example), facts: noFacts };
  return version === undefined ? [] : violationsOf(version, question);
}

function paramsOf(rule: Rule, example: RuleExample): unknown {
  return rule.params.parse(example.settings ?? rule.examples.settings ?? {});
}

function pathsOf(violations: readonly Violation[]): readonly string[] {
  return violations.map(({ path }) => formatFieldPath(path));
}

const violatingExamples = rules.flatMap(([, rule]) =>
  rule.examples.violating.map((example, index): [string, Rule, (typeof rule.examples.violating)[number]] => [
    `${rule.id}, violating example ${index}`,
    rule,
    example,
  ]),
);
const allowedExamples = rules.flatMap(([, rule]) =>
  rule.examples.allowed.map((example, index): [string, Rule, RuleExample] => [
    `${rule.id}, allowed example ${index}`,
    rule,
    example,
  ]),
);

test('the folder of the standards holds the nineteen checks of upstream', () => {
  expect(standards.map(([, rule]) => rule.id).sort()).toEqual([
    'allowPrivilegeEscalation',
    'appArmorProfile',
    'capabilities_baseline',
    'capabilities_restricted',
    'hostNamespaces',
    'hostPathVolumes',
    'hostPorts',
    'hostProbesAndHostLifecycle',
    'privileged',
    'procMount',
    'procMount_restricted',
    'restrictedVolumes',
    'runAsNonRoot',
    'runAsUser',
    'seLinuxOptions',
    'seccompProfile_baseline',
    'seccompProfile_restricted',
    'sysctls',
    'windowsHostProcess',
  ]);
});

test('the index lists every rule of the folders once', () => {
  expect([...podRules].map((rule) => rule.id).sort()).toEqual(rules.map(([, rule]) => rule.id).sort());
});

test('no rule bears the name of a field of its section', () => {
  const fields = ['mode', 'workloads', 'except'];
  expect(grouped.map(([, rule]) => rule.id).filter((id) => fields.includes(id))).toEqual([]);
});

describe.each(standards)('%s', (_file, rule) => {
  test('names its level and a control of the Pod Security Standards', () => {
    expect(rule.level).toMatch(/^(?:baseline|restricted)$/);
    expect(rule.references.pss).toHaveLength(1);
    for (const section of rule.references.cis ?? []) expect(section).toMatch(/^v1\.12: 5\.\d+\.\d+(?:, 5\.\d+\.\d+)*$/);
  });
});

describe.each(grouped)('%s', (_file, rule) => {
  test('is asked for by its name, and says which change of a pod concerns it', () => {
    expect(rule).not.toHaveProperty('level');
    expect(rule).toMatchObject({ versions: [{ since: '1.0' }], phrasing: 'whole' });
    expect(rule.reads).toMatch(/^(?:images|resources|metadata|containers)$/);
  });
});

describe.each(rules)('%s', (file, rule) => {
  test('bears the name of its file', () => {
    expect(`${rule.id}.ts`).toBe(file);
  });

  test('shows settings that a policy can have', () => {
    const spec = settingsExample(rule);
    const policy = { apiVersion, kind: 'PodPolicy', metadata: { name: 'example' }, spec };
    expect(parsePodPolicy(policy)).toHaveProperty('policy');
    if (rule.level !== undefined) expect(JSON.stringify(spec).includes('"values"')).toBe(rule.values !== undefined);
    expect(parse(settingsText(rule, 'ja'))).toEqual(spec);
  });

  test('has versions in strictly increasing order, none newer than we know', () => {
    const minors = rule.versions.map((version) => Number(version.since.slice(2)));
    expect(minors).toEqual([...new Set(minors)].sort((a, b) => a - b));
    expect(minors.at(-1)).toBeLessThanOrEqual(newestMinor);
    for (const { since } of rule.versions) expect(parsePolicyVersion(`v${since}`)).toBeDefined();
  });

  test('overrides only rules of the baseline level, and only from the restricted one', () => {
    const overridden = rule.versions.flatMap((version) => version.overrides ?? []);
    for (const id of overridden) expect(levelOf.get(id), id).toBe('baseline');
    if (overridden.length > 0) expect(rule.level).toBe('restricted');
  });

  test('says everything in both languages', () => {
    const texts = [rule.title, rule.why, rule.fix, ...Object.values(rule.messages)];
    for (const text of texts) {
      expect(text.en).toMatch(/\S/);
      expect(text.en).not.toMatch(/[\u3000-\u9fff]/);
    }
    for (const text of [rule.why, rule.fix, ...Object.values(rule.messages)]) {
      expect(text.ja).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/);
    }
    for (const locale of locales) expect(rule.title[locale]).not.toMatch(/[.。]$/);
    for (const text of [rule.why, rule.fix]) {
      expect(text.en).toMatch(/\.$/);
      expect(text.ja).toMatch(/。$/);
    }
  });

  test('uses every message in some example', () => {
    const used = rule.examples.violating.flatMap((example) =>
      check(rule, examplePod(example), example).map(({ message }) => message),
    );
    expect(new Set(used)).toEqual(new Set(Object.keys(rule.messages)));
  });

  test('shows what it allows and what it does not in two examples each or more', () => {
    expect(rule.examples.allowed.length).toBeGreaterThanOrEqual(2);
    expect(rule.examples.violating.length).toBeGreaterThanOrEqual(2);
  });
});

test.each(allowedExamples)('%s satisfies the rule', (_name, rule, example) => {
  expect(pathsOf(check(rule, examplePod(example), example))).toEqual([]);
});

test.each(violatingExamples)('%s violates exactly what it says', (_name, rule, example) => {
  expect(pathsOf(check(rule, examplePod(example), example))).toEqual(example.violates);
});

test.each(violatingExamples)('%s names paths that lead to what was found', (_name, rule, example) => {
  const pod = examplePod(example);
  for (const { path, found } of check(rule, pod, example)) {
    const value = valueAt(pod, path);
    // The source of a volume is the name of the field itself.
    expect(found).toEqual(rule.level !== undefined && path[1] === 'volumes' ? path.at(-1) : value);
  }
});

test.each(violatingExamples)('%s gives messages whose placeholders are all filled', (_name, rule, example) => {
  for (const { message, expected } of check(rule, examplePod(example), example)) {
    const named = Object.entries(expected ?? {}).map(([key, list]) => [key, list.join(', ')] as const);
    const values = { ...Object.fromEntries(named), ...(rule.phrasing === 'whole' && { found: 'x' }) };
    const text = rule.messages[message];
    for (const locale of locales) expect(text && localize(text, locale, values)).toMatch(/^[^{}]+$/);
  }
});

test.each(violatingExamples)('%s finds values that an exception can name', (_name, rule, example) => {
  for (const { found } of check(rule, examplePod(example), example)) {
    const nameable = typeof found === 'string' || typeof found === 'number';
    if (nameable && (rule.level !== undefined || rule.values !== undefined))
      expect(rule.values?.safeParse(found).success, String(found)).toBe(true);
  }
});

test.each(violatingExamples)('%s is satisfied once it is repaired', (_name, rule, example) => {
  let pod: unknown = examplePod(example);
  const unrepaired: string[] = [];
  for (const violation of check(rule, pod, example)) {
    const operations = [...(rule.repair?.(viewOf(pod), violation, paramsOf(rule, example)) ?? [])];
    if (operations.length === 0) unrepaired.push(formatFieldPath(violation.path));
    for (const operation of operations) pod = applyPatchOperation(pod, operation);
  }
  expect(pathsOf(check(rule, pod, example))).toEqual(unrepaired);
});

test.each(violatingExamples)('%s loses only the violation that is repaired', (_name, rule, example) => {
  const original = examplePod(example);
  const violations = check(rule, original, example);
  for (const violation of violations) {
    let pod: unknown = original;
    const operations = [...(rule.repair?.(viewOf(pod), violation, paramsOf(rule, example)) ?? [])];
    for (const operation of operations) pod = applyPatchOperation(pod, operation);
    const gone = operations.length > 0 ? 1 : 0;
    // At most: a repair on the pod may end what its containers inherit.
    expect(check(rule, pod, example).length).toBeLessThanOrEqual(violations.length - gone);
  }
});

test('rules without a repair are those where the right value is a choice', () => {
  const without = standards.filter(([, rule]) => rule.repair === undefined).map(([, rule]) => rule.id);
  expect(without).toEqual(['hostPathVolumes', 'restrictedVolumes']);
});

/** The paths that a repair of the first violation writes, and what it writes. */
function firstRepair(id: string, example: RuleExample): readonly [path: string, value: unknown][] {
  const rule = podSecurityRules.find((candidate) => candidate.id === id);
  const pod = examplePod(example);
  const violation = rule && check(rule, pod, example)[0];
  if (violation === undefined) throw new Error(`${id} finds nothing`);
  const operations = [...(rule?.repair?.(viewOf(pod), violation, paramsOf(rule, example)) ?? [])];
  return operations.map((operation) => [
    formatFieldPath(operation.path),
    operation.op === 'add' ? operation.value : 'removed',
  ]);
}

test('a container that must not escalate is not left privileged: the API server refuses the two together', () => {
  const container = { securityContext: { allowPrivilegeEscalation: true, privileged: true } };
  expect(firstRepair('allowPrivilegeEscalation', { container })).toEqual([
    ['spec.containers[0].securityContext.allowPrivilegeEscalation', false],
    ['spec.containers[0].securityContext.privileged', false],
  ]);
});

test('a profile that is replaced loses its file: the API server refuses one beside another type', () => {
  const profile = { type: 'Unconfined', localhostProfile: 'app' };
  const repaired = (field: string) => [
    [`spec.containers[0].securityContext.${field}.type`, 'RuntimeDefault'],
    [`spec.containers[0].securityContext.${field}.localhostProfile`, 'removed'],
  ];
  for (const [id, field] of [
    ['seccompProfile_baseline', 'seccompProfile'],
    ['seccompProfile_restricted', 'seccompProfile'],
    ['appArmorProfile', 'appArmorProfile'],
  ] as const) {
    const container = { securityContext: { [field]: profile } };
    expect(firstRepair(id, { container })).toEqual(repaired(field));
  }
});

test('nothing is written into Windows pods that the API server refuses there', () => {
  const windows = {
    pod: { spec: { os: { name: 'windows' } } },
    container: { securityContext: null },
    version: 'v1.24',
  } as const;
  expect(firstRepair('allowPrivilegeEscalation', windows)).toEqual([]);
  expect(firstRepair('seccompProfile_restricted', windows)).toEqual([]);
  const container = { securityContext: { privileged: true } };
  expect(firstRepair('privileged', { ...windows, container })).toEqual([
    ['spec.containers[0].securityContext.privileged', 'removed'],
  ]);
});

test('the repair of one list item leaves the others, which may be excused', () => {
  const container = { securityContext: { capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN', 'KILL'] } } };
  expect(firstRepair('capabilities_baseline', { container })).toEqual([
    ['spec.containers[0].securityContext.capabilities.add', ['NET_ADMIN', 'KILL']],
  ]);
  const sysctls = [
    { name: 'kernel.msgmax', value: '1' },
    { name: 'kernel.sem', value: '1' },
  ];
  expect(firstRepair('sysctls', { pod: { spec: { securityContext: { sysctls } } } })).toEqual([
    ['spec.securityContext.sysctls', [{ name: 'kernel.sem', value: '1' }]],
  ]);
});

test('each forbidden source of a volume is named, so that an exception for one does not cover the other', () => {
  const rule = podSecurityRules.find(({ id }) => id === 'restrictedVolumes');
  const pod = examplePod({ pod: { spec: { volumes: [{ name: 'two', nfs: {}, hostPath: {}, emptyDir: true }] } } });
  expect(rule && pathsOf(check(rule, pod, {}))).toEqual([
    'spec.volumes[0].nfs',
    'spec.volumes[0].hostPath',
    'spec.volumes[0].emptyDir',
  ]);
});

const hostileScalars: readonly unknown[] = [7, 1.5, -1, 'x', 'false', 'true', '0', true, [], {}, [null], { x: 1 }];

test.each(violatingExamples)('%s still violates when a scalar has a wrong type', (_name, rule, example) => {
  const original = examplePod(example);
  for (const { path, found, at } of check(rule, original, example)) {
    if (found === undefined || typeof found === 'object' || at === 'object') continue;
    for (const value of hostileScalars) {
      if (typeof value === typeof found) continue;
      // A number may stand where a quantity does, and is one.
      if (rule.reads === 'resources' && typeof value === 'number' && value >= 0) continue;
      const pod = applyPatchOperation(original, { op: 'add', path, value });
      expect(pathsOf(check(rule, pod, example)), JSON.stringify(value)).toContain(formatFieldPath(path));
    }
  }
});

test.each(rules)('%s judges a pod full of nulls and hostile names without throwing', (_file, rule) => {
  const text = `{"metadata": {"annotations": {"__proto__": "unconfined", "constructor": null}, "labels": null},
    "spec": {"securityContext": null, "os": null, "hostUsers": null, "volumes": [{"__proto__": {}, "constructor": {}}],
    "resources": null, "overhead": null, "hostAliases": null, "imagePullSecrets": null, "priorityClassName": null,
    "initContainers": null, "containers": [{"name": "__proto__", "ports": null,
    "env": null, "envFrom": null, "resources": {"limits": null, "requests": null}, "image": null, "lifecycle": {"preStop": null},
    "livenessProbe": {"httpGet": null}, "securityContext": {"capabilities": {"add": null, "drop": null},
    "seLinuxOptions": null, "windowsOptions": {}, "procMount": null, "privileged": null, "runAsUser": null}}]}}`;
  const view = viewOf(JSON.parse(text));
  for (const version of rule.versions) {
    const paths = pathsOf(violationsOf(version, { pod: view, params: paramsOf(rule, {}), facts: noFacts }));
    if (rule.id === 'restrictedVolumes') {
      expect(paths).toEqual(['spec.volumes[0].__proto__', 'spec.volumes[0].constructor']);
    } else if (rule.level === 'baseline') {
      expect(paths).toEqual([]);
    }
  }
});
