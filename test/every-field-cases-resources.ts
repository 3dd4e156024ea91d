import { containerWith, type Json, podWith, reviewOf } from './admission-requests.ts';
import type { Pair } from './every-field-cases.ts';

const resources = (requests: Json, limits: Json): Json => ({ resources: { requests, limits } });
const stated = resources({ cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1Gi' }, {});
const limited = resources(
  { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1Gi' },
  { cpu: '1', memory: '2Gi', 'ephemeral-storage': '2Gi' },
);

/** A container, an init container and a sidecar, each with these resources. */
const three = (fields: Json): Json =>
  podWith({
    containers: [containerWith(fields)],
    initContainers: [
      containerWith({ ...fields, restartPolicy: 'Always' }, 'proxy'),
      containerWith(fields, 'migration'),
    ],
  });

/** Two settings of a rule, the first of which allows the pod or repairs it otherwise. */
function settings(rule: string, [one, other]: readonly [one: Json, other: Json], pod: Json): Pair {
  const spec = (entry: Json): Json => ({ mode: 'Enforce', resources: { [rule]: entry } });
  return { one: spec(one), other: spec(other), review: reviewOf(pod) };
}

function requiredPairs(rule: string): readonly (readonly [string, Pair])[] {
  const suggesting = (memory: string): Json => ({ resources: ['memory'], suggest: { memory } });
  return [
    [
      `spec.resources.${rule}.resources.[]`,
      settings(rule, [{ resources: ['cpu'] }, { resources: ['nvidia.com/gpu'] }], three(limited)),
    ],
    [
      `spec.resources.${rule}.suggest.*`,
      settings(rule, [suggesting('128Mi'), suggesting('256Mi')], podWith({ containers: [containerWith()] })),
    ],
  ];
}

function boundPairs(rule: string, [kept, broken]: readonly [string, string]): readonly (readonly [string, Pair])[] {
  const fields = rule === 'maximumLimits' ? limited : stated;
  return ['containers', 'init', 'sidecars', 'pod'].map((place) => [
    `spec.resources.${rule}.${place}.*`,
    settings(rule, [{ [place]: { memory: kept } }, { [place]: { memory: broken } }], three(fields)),
  ]);
}

/** `spec.resources` of PodPolicy but for what every section has, by the path of the field. */
export const resourcesPairs: ReadonlyMap<string, Pair> = new Map<string, Pair>([
  ...requiredPairs('requireRequests'),
  ...requiredPairs('requireLimits'),
  ...boundPairs('minimumRequests', ['64Mi', '64Gi']),
  ...boundPairs('maximumRequests', ['64Gi', '64Mi']),
  ...boundPairs('maximumLimits', ['64Gi', '64Mi']),
  ...['cpu', 'memory', 'ephemeral-storage'].map((name): [string, Pair] => [
    `spec.resources.limitRequestRatio.${name}`,
    settings('limitRequestRatio', [{ [name]: 2 }, { [name]: '1.5' }], three(limited)),
  ]),
]);
