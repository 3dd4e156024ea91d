import type { JudgedSpec } from './judged-specs.ts';

const resources = (rules: object): object => ({ resources: rules });
const names = 'must be cpu, memory, ephemeral-storage, hugepages-2Mi or the like, or example.com/name, in each key';

/** A map with a key that no resource has, in every place that has such a map. */
const misspelt = ['minimumRequests', 'maximumRequests', 'maximumLimits'].flatMap((rule) =>
  ['containers', 'init', 'sidecars', 'pod'].map((place): JudgedSpec => {
    const field = `spec.resources.${rule}.${place}`;
    return {
      what: `a resource that no container can have, in ${rule}.${place}`,
      kind: 'PodPolicy',
      spec: resources({ [rule]: { [place]: { gpu: 1 } } }),
      refused: { field, place: `${field}.gpu`, message: names },
    };
  }),
);

const everyName = ['cpu', 'memory', 'ephemeral-storage', 'hugepages-1Gi', 'nvidia.com/gpu', 'a.b-c.example/X_y.z'];
const amounts = ['0', '1.', '.5', '1.5Gi', '2e3', '1E-2', '100m', '7E', '3Ei', 0, Number.MAX_SAFE_INTEGER];

/** What a policy may and may not say of resources. */
export const judgedResourceSpecs: readonly JudgedSpec[] = [
  {
    what: 'every kind of resource',
    kind: 'PodPolicy',
    spec: resources({
      requireLimits: { resources: everyName, suggest: Object.fromEntries(everyName.map((name) => [name, 1])) },
      requireRequests: { resources: everyName },
      limitRequestRatio: { cpu: 1, memory: '1.125', 'ephemeral-storage': 999_999 },
    }),
  },
  ...amounts.map(
    (amount) =>
      ({
        what: `the amount ${JSON.stringify(amount)}`,
        kind: 'PodPolicy',
        spec: resources({ maximumLimits: { pod: { memory: amount } } }),
      }) as const,
  ),
  ...misspelt,
  ...['minimumRequests', 'maximumRequests', 'maximumLimits'].map(
    (rule) =>
      ({
        what: `${rule} without a bound`,
        kind: 'PodPolicy',
        spec: resources({ [rule]: { mode: 'Warn' } }),
        refused: { field: `spec.resources.${rule}`, message: 'must name one of containers, init, sidecars, pod' },
      }) as const,
  ),
  {
    what: 'limitRequestRatio without a ratio',
    kind: 'PodPolicy',
    spec: resources({ limitRequestRatio: {} }),
    refused: {
      field: 'spec.resources.limitRequestRatio',
      message: 'must name one of cpu, memory, ephemeral-storage',
    },
  },
  ...['requireRequests', 'requireLimits'].map(
    (rule) =>
      ({
        what: `${rule} that suggests what it does not require`,
        kind: 'PodPolicy',
        spec: resources({ [rule]: { resources: ['cpu'], suggest: { memory: '1Gi' } } }),
        refused: {
          field: `spec.resources.${rule}.suggest`,
          place: `spec.resources.${rule}.suggest.memory`,
          message: 'must be of resources that the rule requires',
        },
      }) as const,
  ),
];
