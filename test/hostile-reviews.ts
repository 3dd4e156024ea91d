import fc from 'fast-check';
import { workloads } from '../src/core/pod/workload.ts';
import { containerSecuredWith, containerWith, type Json, podWith, reviewOf, wrap } from './admission-requests.ts';

/*
 * Reviews as an attacker would have them: a pod with one part that restricted forbids, and anything else changed into
 * anything. Whatever the rest has become, the forbidden part must still be denied.
 */

type Path = readonly (string | number)[];

/** A forbidden part: how to make it, and where it stands in the pod. Nothing on its path is touched. */
interface Forbidden {
  readonly spec: Json;
  readonly path: Path;
}

const privileged = containerSecuredWith({ privileged: true }, 'evil');
const forbiddenParts: readonly Forbidden[] = [
  { spec: { hostPID: true }, path: ['spec', 'hostPID'] },
  { spec: { hostNetwork: true }, path: ['spec', 'hostNetwork'] },
  { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, path: ['spec', 'volumes', 0, 'hostPath'] },
  ...(['containers', 'initContainers', 'ephemeralContainers'] as const).map((list) => ({
    spec: { [list]: [containerWith(), privileged] },
    path: ['spec', list, 1, 'securityContext', 'privileged'],
  })),
  {
    spec: { containers: [containerSecuredWith({ capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] } })] },
    path: ['spec', 'containers', 0, 'securityContext', 'capabilities', 'add', 0],
  },
  {
    spec: { containers: [containerWith({ ports: [{ containerPort: 80, hostPort: 80 }] })] },
    path: ['spec', 'containers', 0, 'ports', 0, 'hostPort'],
  },
];

/** Everything a pod can be full of, so that mutations have something to bite. */
const ordinary: Json = {
  dnsPolicy: 'ClusterFirst',
  hostUsers: true,
  nodeSelector: { disk: 'ssd' },
  os: { name: 'linux' },
  restartPolicy: 'Always',
  securityContext: { fsGroup: 1, seccompProfile: { type: 'RuntimeDefault' }, sysctls: [], runAsNonRoot: true },
  tolerations: [{ key: 'a', operator: 'Exists' }],
};

const hostileKeys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'spec',
  'securityContext',
  '',
  'a\u0000b',
];

/** Values of every JSON type, above all those that break a careless reader. */
const hostileValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -0,
      -1,
      1e308,
      Number.MAX_SAFE_INTEGER + 2,
      '',
      'windows',
      'Always',
      'ALL',
      [],
      {},
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('\u001b[2J', '\ud800', 'x'.repeat(5_000), '\u202e', '../../etc', '%s'),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...hostileKeys), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.constantFrom(60, 250, 2_000).map(nest),
  ),
})).value;

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

interface Mutation {
  readonly at: number;
  readonly change: 'replace' | 'remove' | 'insert';
  readonly key: string;
  readonly value: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  change: fc.constantFrom<Mutation['change']>('replace', 'replace', 'remove', 'insert'),
  key: fc.constantFrom(...hostileKeys),
  value: hostileValue,
});

/** A review that must be denied, however its rest was mutated. */
export const forbiddenReview: fc.Arbitrary<Json> = fc
  .record({
    part: fc.constantFrom(...forbiddenParts),
    kind: fc.constantFrom(...workloads.map(({ kind }) => kind)),
    update: fc.boolean(),
    mutations: fc.array(mutation, { maxLength: 6 }),
    // What can be read as the same pod makes the update insignificant; anything else does not.
    oldObject: hostileValue.filter((value) => typeof value !== 'object' || value === null || !('spec' in value)),
  })
  .map(({ part, kind, update, mutations, oldObject }) => {
    const object = structuredClone(
      wrap(kind, podWith({ ...ordinary, ...part.spec }, { labels: { a: 'b' }, annotations: { a: 'b' } })),
    );
    const prefix = workloads.find((workload) => workload.kind === kind)?.path ?? [];
    // A controller that owns the template would be judged in its place: that is no bypass, its pods are judged too.
    // A Windows pod has no capabilities, and upstream does not ask it about them.
    const kept = [
      [...prefix, ...part.path],
      [...prefix, 'spec', 'os'],
      ['metadata', 'ownerReferences'],
    ];
    for (const change of mutations) mutate(object, change, kept);
    return reviewOf(object, { kind, ...(update ? { operation: 'UPDATE', oldObject } : {}) });
  });

/** A review of which any part may be anything; only its answer's form can be judged. */
export const brokenReview: fc.Arbitrary<unknown> = fc
  .record({ review: forbiddenReview, mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }) })
  .map(({ review, mutations }) => {
    for (const change of mutations) mutate(review, change, []);
    return review;
  });

/** Changes one place that does not lie on, or above, a path that is kept. */
function mutate(root: Json, { at, change, key, value }: Mutation, kept: readonly Path[]): void {
  const places = placesIn(root).filter((path) => !kept.some((keep) => overlaps(path, keep)));
  const path = places[at % Math.max(places.length, 1)];
  if (path === undefined) return;
  const parent = path.slice(0, -1).reduce<unknown>((node, segment) => (node as Json)[segment], root) as Json;
  const field = path.at(-1) ?? '';
  const inserted = [...path.slice(0, -1), key];
  if (change === 'insert' && !Array.isArray(parent)) {
    if (!kept.some((keep) => overlaps(inserted, keep))) define(parent, key, value);
  }
  // Removing from a list would move what is kept behind it.
  else if (change === 'remove' && !Array.isArray(parent)) delete parent[field];
  else parent[field] = value;
}

/** Also `__proto__` becomes a field, as it does when JSON is parsed. */
function define(parent: Json, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

/** One lies on the other: what stands at `path` holds, or is held by, what is kept. */
function overlaps(path: Path, keep: Path): boolean {
  const shared = Math.min(path.length, keep.length);
  for (let i = 0; i < shared; i++) if (path[i] !== keep[i]) return false;
  return true;
}

function placesIn(root: unknown): readonly Path[] {
  const places: Path[] = [];
  const pending: { node: unknown; path: Path }[] = [{ node: root, path: [] }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, path } = next;
    if (path.length > 12 || typeof node !== 'object' || node === null) continue;
    for (const key of Object.keys(node)) {
      const at = [...path, Array.isArray(node) ? Number(key) : key];
      places.push(at);
      pending.push({ node: (node as Json)[key], path: at });
    }
  }
  return places;
}
