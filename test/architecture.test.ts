import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: root }).sort();

/** Each room, the rooms it may import from, and the packages it may use. ARCHITECTURE.md draws the same. */
const rooms: Readonly<Record<string, { rooms: readonly string[]; packages: readonly string[] }>> = {
  core: { rooms: [], packages: [] },
  'core/pod': { rooms: ['core'], packages: ['@kubernetes/client-node'] },
  'core/rules': { rooms: ['core', 'core/pod'], packages: ['zod'] },
  'core/policy': { rooms: ['core', 'core/pod', 'core/rules'], packages: ['zod'] },
  'core/engine': { rooms: ['core', 'core/pod', 'core/rules', 'core/policy'], packages: ['zod'] },
  'core/render': { rooms: ['core', 'core/pod', 'core/rules', 'core/policy', 'core/engine'], packages: ['yaml'] },
  'core/admission': {
    rooms: ['core', 'core/pod', 'core/rules', 'core/policy', 'core/engine', 'core/render'],
    packages: [],
  },
  // What is said of the world and by which clock; then a folder for each outside thing, and the package that speaks to it.
  io: { rooms: ['core/*', 'core'], packages: ['pino', 'prom-client', 'node:*'] },
  'io/files': { rooms: ['core/*', 'core', 'io'], packages: ['yaml', 'node:*'] },
  // Programs that make manifests: Helm, kustomize.
  'io/rendering': { rooms: ['core', 'io'], packages: ['node:*'] },
  'io/tls': { rooms: ['core', 'io'], packages: ['node-forge', 'node:*'] },
  'io/server': { rooms: ['core/*', 'core', 'io', 'io/tls'], packages: ['fastify', 'node:*'] },
  'io/cluster': { rooms: ['core/*', 'core', 'io'], packages: ['@kubernetes/client-node/dist/config.js', 'node:*'] },
  'io/certificates': { rooms: ['core', 'io', 'io/tls', 'io/cluster'], packages: ['zod', 'node:crypto', 'node:net'] },
  // No socket, file or timer of their own: all of it comes by a client and a clock.
  'io/lease': { rooms: ['core', 'io', 'io/cluster'], packages: [] },
  'io/canaries': { rooms: ['core/*', 'core', 'io', 'io/cluster'], packages: [] },
  'io/status': {
    rooms: ['core/*', 'core', 'io', 'io/cluster', 'io/files', 'io/canaries', 'io/certificates'],
    packages: [],
  },
  commands: {
    rooms: ['core/*', 'core', 'io/*', 'io', 'commands'],
    packages: ['commander', 'zod', 'yaml', 'pino', 'node:*'],
  },
  main: { rooms: ['core', 'commands'], packages: ['commander', 'node:*'] },
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
}

const imports: readonly Import[] = files.flatMap((file) => {
  const source = readFileSync(join(root, file), 'utf8');
  const found = source.matchAll(/^\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found].map((match) => ({ file, from: match[2] ?? match[3] ?? '', typeOnly: match[1] !== undefined }));
});

function roomOf(file: string): string {
  const [, first = '', second = ''] = file.split('/');
  if (first === 'main.ts') return 'main';
  if (first !== 'core' && first !== 'io') return first;
  return second.endsWith('.ts') ? first : `${first}/${second}`;
}

function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}

describe('the rooms of the house', () => {
  test('there are files and imports to look at', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(100);
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(rooms).sort());
  });

  test('a file imports only from rooms below its own', () => {
    const wrong = imports.filter(({ file, from }) => {
      if (!from.startsWith('.')) return false;
      const target = roomOf(relative(root, join(root, dirname(file), from)));
      const own = roomOf(file);
      return target !== own && !matches(rooms[own]?.rooms ?? [], target);
    });
    expect(wrong).toEqual([]);
  });

  test('a file uses only the packages of its room; core has no node module, clock, environment or randomness', () => {
    const wrong = imports.filter(
      ({ file, from }) => !from.startsWith('.') && !matches(rooms[roomOf(file)]?.packages ?? [], from),
    );
    expect(wrong).toEqual([]);
    const impure = /\b(?:Date\.now|new Date|Math\.random|performance\.|process\.|console\.|setTimeout|fetch\()/;
    const code = (file: string): string =>
      readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(files.filter((file) => file.startsWith('src/core/') && impure.test(code(file)))).toEqual([]);
  });

  test("Kubernetes' client is a promise about types in core/pod; of its code only the reader of kubeconfigs runs", () => {
    const running = imports.filter(({ from, typeOnly }) => from.startsWith('@kubernetes/client-node') && !typeOnly);
    expect(running.map(({ file, from }) => `${file} ${from}`)).toEqual([
      'src/io/cluster/kubeconfig.ts @kubernetes/client-node/dist/config.js',
    ]);
    // Loaded by whoever was given a kubeconfig: it costs 55 MiB.
    const loading = imports.filter(({ file, from }) => from.endsWith('/kubeconfig.ts') && file.startsWith('src/'));
    const source = readFileSync(join(root, 'src/io/cluster/credentials.ts'), 'utf8');
    expect(loading.map(({ file }) => file)).toEqual(['src/io/cluster/credentials.ts']);
    expect(source).toContain("await import('./kubeconfig.ts')");
  });

  test('no file or folder is a drawer', () => {
    const drawers = /(^|\/)(utils?|helpers?|common|types|interfaces|lib|shared|misc)(\.ts$|\/)/;
    const all = globSync('{src,test,e2e,scripts,bench}/**/*.ts', { cwd: root });
    expect(all.filter((file) => drawers.test(file))).toEqual([]);
    expect(files.filter((file) => file.split('/').length > 5)).toEqual([]);
  });
});
