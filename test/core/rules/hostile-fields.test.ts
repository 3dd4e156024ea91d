import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SekishoError } from '../../../src/core/error.ts';
import { createPatchedCopy } from '../../../src/core/pod/patch.ts';
import type { PodParts, PodView } from '../../../src/core/pod/pod-view.ts';
import { podViewAt } from '../../../src/core/pod/workload.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { groupNames, ruleGroups } from '../../../src/core/rules/groups.ts';
import { type Rule, violationsOf } from '../../../src/core/rules/rule.ts';

/* Whatever JSON stands in a field that a rule reads: it answers, and what it proposes can be made. */

const text = fc.oneof(
  fc.constantFrom(
    '',
    'Always',
    'latest',
    '1',
    '-1',
    '0',
    '1e99',
    '.5',
    '1Ki',
    'NaN',
    '__proto__',
    'constructor',
    'windows',
  ),
  fc.constantFrom('nginx', 'registry.example.com/team/app:1.0', 'a@sha256:0', 'gvisor', 'default', 'OnFailure'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const scalar = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const name = fc.oneof(fc.constantFrom('cpu', 'memory', 'nvidia.com/gpu', 'team', '__proto__', 'toString'), text);
const map = (value: fc.Arbitrary<unknown>) => fc.dictionary(name, value, { maxKeys: 3 });
const anything = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), map(scalar));
/** As it should be, as it should not, or not there at all. */
const some = (value: fc.Arbitrary<unknown>) =>
  fc.option(fc.oneof({ weight: 60, arbitrary: value }, anything), { nil: undefined });

const amounts = some(fc.record({ limits: some(map(scalar)), requests: some(map(scalar)) }, { requiredKeys: [] }));
const probe = some(fc.record({ httpGet: some(map(scalar)), exec: some(map(scalar)) }, { requiredKeys: [] }));
const container = fc.record(
  {
    name: some(text),
    image: some(text),
    imagePullPolicy: some(text),
    restartPolicy: some(text),
    resources: amounts,
    env: some(fc.array(fc.record({ name: scalar, valueFrom: some(map(some(map(scalar)))) }), { maxLength: 2 })),
    envFrom: some(fc.array(some(fc.record({ secretRef: some(map(scalar)) })), { maxLength: 2 })),
    readinessProbe: probe,
    livenessProbe: probe,
    securityContext: some(map(scalar)),
  },
  { requiredKeys: [] },
);
const containers = some(fc.array(container, { maxLength: 3 }));
const pod = fc.record(
  {
    metadata: some(fc.record({ labels: some(map(scalar)), annotations: some(map(scalar)) }, { requiredKeys: [] })),
    spec: fc.record(
      {
        containers,
        initContainers: containers,
        ephemeralContainers: containers,
        volumes: some(fc.array(fc.record({ name: scalar, image: some(map(scalar)) }), { maxLength: 2 })),
        resources: amounts,
        overhead: some(map(scalar)),
        os: some(fc.record({ name: scalar })),
        hostAliases: some(fc.array(map(scalar), { maxLength: 2 })),
        automountServiceAccountToken: scalar,
        serviceAccountName: scalar,
        serviceAccount: scalar,
        nodeName: scalar,
        priorityClassName: scalar,
        runtimeClassName: scalar,
        restartPolicy: scalar,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['spec'] },
);

const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'example' };

/** Undefined where a pod is refused as a whole, because what rules walk through is no object or list. */
function viewOf(value: unknown): PodView | undefined {
  try {
    return podViewAt(value, [], reference);
  } catch (thrown) {
    if (thrown instanceof SekishoError && thrown.code === 'PodMalformed') return undefined;
    throw thrown;
  }
}

function judged({ versions: [version], params, repair, examples }: Rule, view: PodView): number {
  const settings = params.parse(examples.settings ?? {});
  const violations = violationsOf(version, { pod: view, params: settings, facts: noFacts });
  const copy = createPatchedCopy({ metadata: view.metadata, spec: view.spec });
  for (const violation of violations) {
    for (const operation of repair?.(copy.value() as PodParts, violation, settings) ?? []) copy.apply(operation);
  }
  return violations.length;
}

describe.each(groupNames)('the rules of %s', (group) => {
  test('answer whatever stands in the fields that they read', () => {
    let found = 0;
    let judgeable = 0;
    fc.assert(
      fc.property(pod, (value) => {
        const view = viewOf(JSON.parse(JSON.stringify(value)));
        if (view === undefined) return;
        judgeable++;
        for (const rule of ruleGroups[group]) found += judged(rule, view);
      }),
      { numRuns: 3_000, seed: 20_261_122 },
    );
    expect(judgeable).toBeGreaterThan(1_000);
    expect(found).toBeGreaterThan(judgeable);
  });
});
