import { podViewAt } from '../src/core/pod/workload.ts';
import { noFacts } from '../src/core/rules/facts.ts';
import { groupNames, type RuleGroup, ruleGroups } from '../src/core/rules/groups.ts';
import { podSecurityRules } from '../src/core/rules/index.ts';
import { examplePod } from '../src/core/rules/minimal-pod.ts';
import { type Rule, violationsOf } from '../src/core/rules/rule.ts';
import { containerSecuredWith, containerWith, type Json, podWith, reviewOf, wrap } from './admission-requests.ts';
import { imagesPairs } from './every-field-cases-images.ts';
import { practicesPairs } from './every-field-cases-practices.ts';
import { resourcesPairs } from './every-field-cases-resources.ts';

/* For each field of a kind two documents that differ in it alone, and what is asked so that the difference shows. */

/** What is asked of both documents. */
export interface Question {
  /** AdmissionReview. */
  readonly review?: Json;
  /** Of the namespace. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly language?: 'en' | 'ja';
  /** For people alone: what `kubectl get -o wide` prints of the document is compared, and no answer. */
  readonly columns?: true;
}

/** Two values of `spec`, or of the whole document, that differ in one field. */
export interface Pair extends Question {
  readonly one: Json;
  readonly other: Json;
}

/** Breaks two rules of the baseline level. */
export const bad = podWith(
  { hostPID: true, runtimeClassName: 'kata', containers: [containerWith({ ports: [{ hostPort: 80 }] }, 'app')] },
  { name: 'bad', labels: { app: 'web', tier: 'front' } },
);

const tier = { tier: 'web' };
const restricted = { level: 'restricted' };

/** A policy that enforces, with something more. */
function enforcing(more: Json, podSecurity: Json = {}): Json {
  return { mode: 'Enforce', podSecurity: { ...restricted, ...podSecurity }, ...more };
}

function matching(one: Json, other: Json): Pair {
  return { one: enforcing({ match: one }), other: enforcing({ match: other }) };
}

/** A selector of labels `tier: web` and `tier: front`, which fits in the one and not in the other. */
function selectors(selector: (fits: boolean) => Json): Pair {
  return { one: selector(true), other: selector(false) };
}

const byNamespace = (select: (fits: boolean) => Json): Pair => ({
  ...selectors((fits) => enforcing({ match: { namespaceSelector: select(fits) } })),
  labels: tier,
});

/** Not in Enforce: whoever writes the object writes its labels. */
const byObject = (select: (fits: boolean) => Json): Pair =>
  selectors((fits) => ({ ...enforcing({ match: { objectSelector: select(fits) } }), mode: 'Warn' }));

const requirement = (more: Json): Json => ({
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'front'], ...more }],
});

/** Both have the violation; only the image changed. */
function templateUpdate(): Json {
  const template = (image: string): Json =>
    wrap('Deployment', podWith({ hostPID: true, containers: [containerWith({ image })] }));
  return reviewOf(template('app:2'), { kind: 'Deployment', oldObject: template('app:1') });
}

const deployment = reviewOf(wrap('Deployment', bad), { kind: 'Deployment' });

const twoAdded = reviewOf(
  podWith({
    containers: ['first', 'second'].map((name) =>
      containerSecuredWith({ capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } }, name),
    ),
  }),
);
const excluding = (entry: Json): Json => enforcing({}, { except: [{ rules: ['capabilities_restricted'], ...entry }] });

const newerSysctl = reviewOf(
  podWith({ securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports', value: '1' }] } }),
);

const privilegedLabels = { 'pod-security.kubernetes.io/enforce': 'restricted' };

/** Somebody takes the label that guards a namespace away. */
const lowered: Json = (() => {
  const metadata = { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop' } };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata };
  const labels = { ...metadata.labels, ...privilegedLabels };
  const review = reviewOf(namespace, { oldObject: { ...namespace, metadata: { ...metadata, labels } } });
  const request = review['request'] as Json;
  const kind = { group: '', version: 'v1', kind: 'Namespace' };
  const resource = { group: '', version: 'v1', resource: 'namespaces' };
  return { ...review, request: { ...request, kind, resource, name: 'shop' } };
})();
const guarding = (allow: Json): Json => enforcing({}, { labelGuard: { allow } });

/** One for each rule: its first violating example, enforced by the one and only warned of by the other. */
const ruleModes: readonly (readonly [string, Pair])[] = podSecurityRules.map((rule) => {
  const [example] = rule.examples.violating;
  const version = example.version ?? 'latest';
  const spec = (mode: string): Json => ({
    mode: 'Audit',
    podSecurity: { level: 'privileged', version, rules: { [rule.id]: { mode } } },
  });
  return [
    `spec.podSecurity.rules.${rule.id}.mode`,
    { one: spec('Enforce'), other: spec('Warn'), review: reviewOf(examplePod(example)) },
  ];
});

/** A section that names one rule, with what its examples say of it. */
function naming(group: RuleGroup, rule: Rule, more: Json = {}): Json {
  const [example] = rule.examples.violating;
  const settings = example.settings ?? rule.examples.settings ?? {};
  return { mode: 'Enforce', [group]: { [rule.id]: settings, ...more } };
}

/** The fields that every section beside `podSecurity` has, and the mode of each rule there. */
function groupPairs(group: RuleGroup): readonly (readonly [string, Pair])[] {
  const rules = ruleGroups[group];
  const inContainer = rules.find(({ examples }) => examples.violating[0].violates[0]?.startsWith('spec.containers[0]'));
  const nameable = rules.find(({ values }) => values !== undefined);
  const [first, other] = [inContainer, rules.find((rule) => rule !== inContainer)];
  if (first === undefined || other === undefined || nameable === undefined) throw new Error(`too few rules: ${group}`);
  const pod = (rule: Rule): Json => examplePod(rule.examples.violating[0]);
  const review = reviewOf(pod(first));
  const deployment = reviewOf(wrap('Deployment', pod(first)), { kind: 'Deployment' });
  const pair = (rule: Rule, one: Json, two: Json): Pair => ({
    one: naming(group, rule, one),
    other: naming(group, rule, two),
    review: reviewOf(pod(rule)),
  });
  const modes = rules.map((rule): [string, Pair] => {
    const entry = (mode: string): Json => ({ ...((naming(group, rule)[group] as Json)[rule.id] as Json), mode });
    const spec = (mode: string): Json => ({ mode: 'Audit', [group]: { [rule.id]: entry(mode) } });
    return [
      `spec.${group}.${rule.id}.mode`,
      { one: spec('Enforce'), other: spec('Warn'), review: reviewOf(pod(rule)) },
    ];
  });
  const except = (rule: Rule, more: Json): Json => ({ except: [{ rules: [rule.id], ...more }] });
  return [
    ...modes,
    [`spec.${group}.mode`, { ...pair(first, {}, { mode: 'Warn' }), review }],
    [`spec.${group}.workloads`, { ...pair(first, {}, { workloads: 'Ignore' }), review: deployment }],
    [`spec.${group}.except.[].rules.[]`, pair(first, except(first, {}), except(other, {}))],
    [
      `spec.${group}.except.[].values.[]`,
      pair(nameable, except(nameable, { values: [foundBy(nameable)] }), except(nameable, { values: ['other'] })),
    ],
    [
      `spec.${group}.except.[].containers.[]`,
      pair(first, except(first, { containers: ['app'] }), except(first, { containers: ['other'] })),
    ],
  ];
}

/** What a rule finds in its first example. */
function foundBy({ versions: [version], params, examples }: Rule): unknown {
  const [example] = examples.violating;
  const pod = examplePod(example);
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'example' };
  const settings = params.parse(example.settings ?? examples.settings ?? {});
  const question = { pod: podViewAt(pod, [], reference), params: settings, facts: noFacts };
  return violationsOf(version, question)[0]?.found;
}

/** `spec` of PodPolicy, by the path of the field. */
export const policyPairs: ReadonlyMap<string, Pair> = new Map<string, Pair>([
  ['spec.mode', { one: enforcing({}), other: { ...enforcing({}), mode: 'Warn' } }],
  [
    'spec.onUpdate',
    { one: enforcing({ onUpdate: 'All' }), other: enforcing({ onUpdate: 'NewOnly' }), review: templateUpdate() },
  ],
  [
    'spec.match.namespaces.include.[]',
    matching({ namespaces: { include: ['sh*'] } }, { namespaces: { include: ['sh'] } }),
  ],
  [
    'spec.match.namespaces.exclude.[]',
    matching({ namespaces: { exclude: ['sh'] } }, { namespaces: { exclude: ['sh*'] } }),
  ],
  [
    'spec.match.namespaceSelector.matchLabels.*',
    byNamespace((fits) => ({ matchLabels: { tier: fits ? 'web' : 'db' } })),
  ],
  [
    'spec.match.namespaceSelector.matchExpressions.[].key',
    byNamespace((fits) => requirement({ key: fits ? 'tier' : 'team' })),
  ],
  [
    'spec.match.namespaceSelector.matchExpressions.[].operator',
    byNamespace((fits) => requirement({ operator: fits ? 'In' : 'NotIn' })),
  ],
  [
    'spec.match.namespaceSelector.matchExpressions.[].values.[]',
    byNamespace((fits) => requirement({ values: [fits ? 'web' : 'db'] })),
  ],
  ['spec.match.objectSelector.matchLabels.*', byObject((fits) => ({ matchLabels: { tier: fits ? 'front' : 'back' } }))],
  [
    'spec.match.objectSelector.matchExpressions.[].key',
    byObject((fits) => requirement({ key: fits ? 'tier' : 'team' })),
  ],
  [
    'spec.match.objectSelector.matchExpressions.[].operator',
    byObject((fits) => requirement({ operator: fits ? 'In' : 'NotIn' })),
  ],
  [
    'spec.match.objectSelector.matchExpressions.[].values.[]',
    byObject((fits) => requirement({ values: [fits ? 'front' : 'back'] })),
  ],
  [
    'spec.match.runtimeClasses.exclude.[]',
    matching({ runtimeClasses: { exclude: ['gvisor'] } }, { runtimeClasses: { exclude: ['kat*'] } }),
  ],
  ['spec.match.users.exclude.[]', matching({ users: { exclude: ['bob'] } }, { users: { exclude: ['ali*'] } })],
  [
    'spec.match.users.allowControllers',
    matching(
      { users: { exclude: ['system:serviceaccount:kube-system:*'], allowControllers: true } },
      { users: { exclude: ['system:serviceaccount:kube-system:*'], allowControllers: false } },
    ),
  ],
  ['spec.podSecurity.mode', { one: enforcing({}, { mode: 'Enforce' }), other: enforcing({}, { mode: 'Warn' }) }],
  ['spec.podSecurity.level', { one: enforcing({}), other: enforcing({}, { level: 'privileged' }) }],
  [
    'spec.podSecurity.version',
    { one: enforcing({}, { version: 'v1.24' }), other: enforcing({}, { version: 'v1.34' }), review: newerSysctl },
  ],
  [
    'spec.podSecurity.namespaceLabels',
    {
      one: enforcing({}, { level: 'privileged', namespaceLabels: 'Ignore' }),
      other: enforcing({}, { level: 'privileged', namespaceLabels: 'Tighten' }),
      labels: privilegedLabels,
    },
  ],
  [
    'spec.podSecurity.labelGuard.allow.users.[]',
    { one: guarding({ users: ['alice'] }), other: guarding({ users: ['bob'] }), review: lowered },
  ],
  [
    'spec.podSecurity.labelGuard.allow.groups.[]',
    {
      one: guarding({ groups: ['platform'] }),
      other: guarding({ groups: ['others'] }),
      review: lowered,
      groups: ['platform'],
    },
  ],
  [
    'spec.podSecurity.workloads',
    { one: enforcing({}), other: enforcing({}, { workloads: 'Warn' }), review: deployment },
  ],
  ...ruleModes,
  ...groupNames.flatMap(groupPairs),
  ...imagesPairs,
  ...practicesPairs,
  ...resourcesPairs,
  [
    'spec.podSecurity.except.[].rules.[]',
    {
      one: enforcing({}, { except: [{ rules: ['hostPorts'] }] }),
      other: enforcing({}, { except: [{ rules: ['hostNamespaces'] }] }),
    },
  ],
  [
    'spec.podSecurity.except.[].values.[]',
    { one: excluding({ values: ['NET_ADMIN'] }), other: excluding({ values: ['SYS_TIME'] }), review: twoAdded },
  ],
  [
    'spec.podSecurity.except.[].containers.[]',
    { one: excluding({ containers: ['first'] }), other: excluding({ containers: ['second'] }), review: twoAdded },
  ],
  [
    'spec.message.en',
    { one: enforcing({ message: { en: 'Ask #one' } }), other: enforcing({ message: { en: 'Ask #other' } }) },
  ],
  [
    'spec.message.ja',
    {
      one: enforcing({ message: { ja: '質問は #one へ' } }),
      other: enforcing({ message: { ja: '質問は #other へ' } }),
      language: 'ja',
    },
  ],
]);

/** What the exceptions are from: `production` with two violations of one container. */
const excusable: Json = {
  policies: [{ name: 'production', rules: ['hostNamespaces', 'hostPorts'] }],
  match: { namespaces: { include: ['shop'] } },
  reason: 'until spring',
  expiresAt: '2026-12-22T00:00:00Z',
};
const excusing = (more: Json): Json => ({ ...excusable, ...more });
const covering = (one: Json, other: Json): Pair => ({
  one: excusing({ match: { namespaces: { include: ['shop'] }, ...one } }),
  other: excusing({ match: { namespaces: { include: ['shop'] }, ...other } }),
});

/** `spec` of PodPolicyException, by the path of the field. */
export const exceptionPairs: ReadonlyMap<string, Pair> = new Map<string, Pair>([
  [
    'spec.policies.[].name',
    { one: excusable, other: excusing({ policies: [{ name: 'other', rules: ['hostNamespaces', 'hostPorts'] }] }) },
  ],
  [
    'spec.policies.[].rules.[]',
    { one: excusable, other: excusing({ policies: [{ name: 'production', rules: ['hostPorts'] }] }) },
  ],
  [
    'spec.match.namespaces.include.[]',
    covering({ namespaces: { include: ['sh*'] } }, { namespaces: { include: ['kitchen'] } }),
  ],
  [
    'spec.match.namespaces.exclude.[]',
    covering({ namespaces: { exclude: ['kitchen'] } }, { namespaces: { exclude: ['sh*'] } }),
  ],
  ['spec.match.kinds.[]', covering({ kinds: ['Pod'] }, { kinds: ['DaemonSet'] })],
  ['spec.match.names.[]', covering({ names: ['ba*'] }, { names: ['good'] })],
  ['spec.match.containers.[]', covering({ containers: ['app'] }, { containers: ['agent'] })],
  [
    'spec.match.images.[]',
    covering({ images: ['registry.example.com/app:1.0'] }, { images: ['registry.example.com/other:1.0'] }),
  ],
  [
    'spec.reason',
    { columns: true, one: excusing({ reason: 'until spring' }), other: excusing({ reason: 'until autumn' }) },
  ],
  ['spec.owner', { columns: true, one: excusing({ owner: 'team-a' }), other: excusing({ owner: 'team-b' }) }],
  ['spec.ticket', { columns: true, one: excusing({ ticket: 'SEC-1' }), other: excusing({ ticket: 'SEC-2' }) }],
  [
    'spec.expiresAt',
    { one: excusing({ expiresAt: '2026-12-22T00:00:00Z' }), other: excusing({ expiresAt: '2026-11-22T00:00:00Z' }) },
  ],
]);
