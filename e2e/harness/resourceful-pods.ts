import { createRandom, type Random } from './random.ts';

/** As it is sent: quantities may be numbers and null. */
type Json = { [field: string]: unknown };

const names = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'hugepages-2Mi',
  'hugepages-1Gi',
  'nvidia.com/gpu',
  'example.com/x',
];
const suffixes = ['', '', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'e3', 'E-2', 'e+12'];

/** One pod of an endless series, with resources in every place that Kubernetes adds up, and in some that it does not. */
export function resourcefulPod(seed: number, index: number): Json {
  const random = createRandom(seed, index);
  const spec: Json = {
    containers: several(1 + random.below(4), (at) => container(`app-${at}`, random)),
    initContainers: several(random.below(5), (at) => initContainer(`init-${at}`, random)),
  };
  if (random.chance(0.2)) spec['ephemeralContainers'] = [container('debugger', random)];
  if (random.chance(0.4)) spec['resources'] = resources(random);
  if (random.chance(0.4)) spec['overhead'] = list(random);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `resourceful-${index}` }, spec };
}

function initContainer(name: string, random: Random): Json {
  const restartPolicy = random.pick([undefined, undefined, 'Always', 'Always', 'OnFailure', 'always']);
  return { ...container(name, random), ...(restartPolicy !== undefined && { restartPolicy }) };
}

function container(name: string, random: Random): Json {
  return { name, image: 'example.com/app:1', ...(random.chance(0.9) && { resources: resources(random) }) };
}

function resources(random: Random): Json {
  return {
    ...(random.chance(0.8) && { requests: list(random) }),
    ...(random.chance(0.8) && { limits: list(random) }),
  };
}

function list(random: Random): Json {
  const stated = names.filter(() => random.chance(0.5));
  return Object.fromEntries(stated.map((name) => [name, quantity(random)]));
}

function quantity(random: Random): unknown {
  if (random.chance(0.05)) return random.pick<unknown>([null, 0, '0', 1, 2.5, 1e21, 1e-7]);
  const digits = (most: number): string => several(1 + random.below(most), () => String(random.below(10))).join('');
  const whole = digits(random.chance(0.1) ? 22 : 4);
  const fraction = random.chance(0.2) ? `.${random.chance(0.8) ? digits(random.chance(0.2) ? 15 : 3) : ''}` : '';
  return `${random.chance(0.05) ? '+' : ''}${whole}${fraction}${random.pick(suffixes)}`;
}

function several<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
