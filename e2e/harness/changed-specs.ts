import { createRandom, type Random } from './random.ts';

/** A spec of a kind of ours. */
export interface KindSpec {
  readonly kind: string;
  readonly spec: unknown;
}

type Json = Record<string | number, unknown>;

/** What stands somewhere that never should, or just so. No null: the API server drops it before anybody looks. */
const values: readonly unknown[] = [
  '',
  ' ',
  'x',
  'Enforce',
  'Warn',
  'Ignore',
  'NET_ADMIN',
  'a b',
  'a\nb',
  'a\tb',
  '\u2028',
  '長',
  '長'.repeat(300),
  '*',
  'a*',
  '-a',
  'A',
  'v1.0',
  'v1.01',
  'latest',
  'system:*',
  'system:serviceaccount:kube-system:x',
  '2027-02-29T00:00:00Z',
  '2027-01-31T00:00:00',
  '2027-01-31t00:00:00z',
  '2027-01-31T00:00:00.123456789+23:59',
  '2027-01-31T24:00:00Z',
  0,
  -1,
  80,
  1.5,
  true,
  [],
  ['x'],
  ['x', 'x'],
  [80],
  Array.from({ length: 101 }, () => 'x'),
  {},
  { x: 'x' },
  { mode: 'Enforce' },
];

/** Valid specs with one or two things changed: replaced, removed, added, or taken from another spec. */
export function changedSpecs(valid: readonly KindSpec[], count: number): readonly KindSpec[] {
  return Array.from({ length: count }, (_, index) => {
    const random = createRandom(20_261_122, index);
    const { kind, spec } = structuredClone(random.pick(valid));
    const others = valid.filter((each) => each.kind === kind).map((each) => each.spec as Json);
    for (let changes = random.chance(0.5) ? 1 : 2; changes > 0; changes--) change(spec as Json, others, random);
    return { kind, spec };
  });
}

interface Place {
  readonly parent: Json;
  readonly key: string | number;
}

function placesIn(parent: Json): readonly Place[] {
  return Object.entries(parent).flatMap(([name, value]) => {
    const key = Array.isArray(parent) ? Number(name) : name;
    return [{ parent, key }, ...(typeof value === 'object' && value !== null ? placesIn(value as Json) : [])];
  });
}

function change(spec: Json, others: readonly Json[], random: Random): void {
  const places = placesIn(spec);
  if (places.length === 0) return;
  const { parent, key } = random.pick(places);
  const way = random.below(5);
  if (way === 0 && !Array.isArray(parent)) delete parent[key];
  else if (way === 1 && !Array.isArray(parent))
    parent[random.pick(['unknown', 'mode', 'values', 'rules'])] = structuredClone(random.pick(values));
  else if (way === 2) parent[key] = structuredClone(random.pick(values));
  else transplant(spec, random.pick(others), random);
}

/** A field of another spec to where it belongs. */
function transplant(spec: Json, other: Json, random: Random): void {
  const shared = placesIn(other).filter(({ key }) => typeof key === 'string');
  const own = placesIn(spec);
  if (shared.length === 0) return;
  const { parent, key } = random.pick(shared);
  const same = own.filter((place) => place.key === key);
  const target = same.length > 0 ? random.pick(same) : { parent: spec, key };
  target.parent[key] = structuredClone(parent[key]);
}
