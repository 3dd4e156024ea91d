import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Entry {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>;
};
const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const entries = Object.entries(lock.packages);

test('no dependency that runs in production runs a script when it is installed', () => {
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.filter(([, entry]) => entry.hasInstallScript && !entry.dev).map(([name]) => name)).toEqual([]);
});

test('the lockfile names no registry', () => {
  expect(entries.filter(([, entry]) => entry.resolved?.startsWith('http')).map(([name]) => name)).toEqual([]);
});

test('nor does one that they bring along', () => {
  const brought = new Set(Object.keys(dependencies));
  for (const name of brought) {
    const places = entries.filter(([place]) => place.endsWith(`node_modules/${name}`)).map(([, entry]) => entry);
    for (const entry of places) {
      for (const more of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) brought.add(more);
      expect({ name, script: entry.hasInstallScript ?? false }).toEqual({ name, script: false });
    }
  }
  expect(brought.size, 'the kubeconfig reader alone brings dozens').toBeGreaterThan(60);
});
