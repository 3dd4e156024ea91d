import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeDriver } from '../drivers/node.ts';
import { describeCase } from '../harness/case.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { nodeTimeoutMs, sekishoImage, startNode } from '../harness/node.ts';

const manifests = readManifests(import.meta.filename);
const checkout = join(import.meta.dirname, '..', '..');
const readJson = <T>(name: string): T => JSON.parse(readFileSync(join(checkout, name), 'utf8')) as T;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

interface Entry {
  readonly path: string;
  readonly writable: boolean;
}

describeCase('the image', ['node'], () => {
  let driver: NodeDriver;
  let namespace = '';
  let version = '';
  let user: readonly number[] = [];
  let entries: readonly Entry[] = [];
  beforeAll(async () => {
    driver = await startNode();
    const { cluster } = driver;
    await sekishoImage(cluster);
    namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' }, { cluster });
    version = await logOf('version');
    const [first = '', ...lines] = (await logOf('list')).trim().split('\n');
    user = (JSON.parse(first) as { readonly user: readonly number[] }).user;
    entries = lines.map((line) => JSON.parse(line) as Entry);
  }, nodeTimeoutMs);
  afterAll(() => driver?.[Symbol.asyncDispose]());

  const logOf = async (name: string): Promise<string> => {
    const run = (args: readonly string[], stdin = ''): Promise<string> =>
      kubectlOutput(['-n', namespace, ...args], { cluster: driver.cluster, stdin });
    await run(['create', '-f', '-'], manifests.object(`Pod/${name}`));
    await run(['wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=50s']);
    return run(['logs', name]);
  };

  test('starts where the restricted level is enforced and nothing can be written', () => {
    expect(version.trim()).toBe(readJson<{ readonly version: string }>('package.json').version);
  });

  test('runs as the user 65532 without being told to, which could change nothing but its home', () => {
    expect(user).toEqual([65532, 65532]);
    expect(
      entries
        .filter(({ writable }) => writable)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/home/nonroot', '/tmp']);
  });

  test('has no shell and no package manager', () => {
    const names = new Set(entries.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)));
    expect(names).toContain('node');
    for (const name of ['sh', 'bash', 'dash', 'ash', 'busybox', 'npm', 'npx', 'apt', 'dpkg', 'tsc']) {
      expect(names).not.toContain(name);
    }
  });

  test('has the dependencies that the lock file calls runtime ones, and no others', () => {
    const locked = Object.entries(readJson<Lock>('package-lock.json').packages);
    const runtime = locked.filter(([path, { dev }]) => path !== '' && dev !== true).map(([path]) => `/app/${path}`);
    const manifest =
      /^(\/app\/node_modules\/(?:@[^/]+\/)?[^/]+(?:\/node_modules\/(?:@[^/]+\/)?[^/]+)*)\/package\.json$/;
    const installed = entries.flatMap(({ path }) => manifest.exec(path)?.[1] ?? []);
    expect(installed.sort()).toEqual(runtime.sort());
  });

  test('has compiled programs of ours, and no source', () => {
    const ours = entries.filter(({ path }) => path.startsWith('/app/dist/')).map(({ path }) => path);
    expect(ours).toContain('/app/dist/main.js');
    expect(ours.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([]);
    expect(entries.filter(({ path }) => /^\/app\/(src|test|e2e)$/.test(path))).toEqual([]);
  });
});
