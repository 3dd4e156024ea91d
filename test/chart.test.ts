import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultsOf, documentedValues, valuesSchema } from '../scripts/chart-documents.ts';
import { chartValues, isSection, schemaOf } from '../scripts/chart-values.ts';
import { packageVersion } from '../src/commands/version.ts';

/* What can be said of the chart without helm; the rest is e2e/cases/chart*.test.ts. */

const chart = join(import.meta.dirname, '../charts/sekisho');
const schema = schemaOf(chartValues);
const read = (path: string): string => readFileSync(join(chart, path), 'utf8');
const variants = readdirSync(join(chart, 'ci'));
const templates = readdirSync(join(chart, 'templates'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.(yaml|tpl|txt)$/.test(name),
);

/** To Helm null means: without the default. */
function withoutNulls(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function refusals(values: object): readonly string[] {
  const result = schema.safeParse(values);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : issue.path.join('.'),
  );
}

describe('the values of the chart', () => {
  test('are all described, in sentences', () => {
    expect(documentedValues().length).toBeGreaterThan(70);
    expect(documentedValues().filter(({ description }) => !/^[A-Z0-9a-z].*\.$/.test(description))).toEqual([]);
  });

  test('stand in values.yaml with their defaults, each under its description', () => {
    const text = read('values.yaml');
    expect(parse(text)).toEqual(defaultsOf(chartValues));
    const lines = text.split('\n');
    for (const { path } of documentedValues()) {
      const key = path.split('.').at(-1) ?? '';
      const at = lines.findIndex((line) => line.trimStart().startsWith(`${key}:`));
      expect(lines[at - 1], path).toMatch(/^\s*#/);
    }
  });

  test('stand in the table of the README', () => {
    const rows = read('README.md').split('\n');
    const missing = documentedValues().filter(({ path }) => !rows.some((row) => row.startsWith(`| \`${path}\` |`)));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  test('are what the templates read, and nothing else is', () => {
    const text = templates.map((name) => read(join('templates', name))).join('\n');
    const known = new Set(documentedValues().flatMap(({ path }) => prefixesOf(path)));
    const asked = [...text.matchAll(/(?:\.Values|\$values)\)?((?:\.[A-Za-z]+)+)/g)].map(([, path = '']) =>
      path.slice(1),
    );
    expect(asked.length).toBeGreaterThan(100);
    // What is passed on as a whole may be asked deeper, in what Kubernetes or our policies define.
    expect(asked.filter((path) => !known.has(path) && !prefixesOf(path).some(isValue))).toEqual([]);
  });

  test.each(variants)('of ci/%s fit the schema', (file) => {
    expect(refusals(withoutNulls(parse(read(join('ci', file))) as object))).toEqual([]);
  });

  test.each([
    [{ mdoe: 'Enforce' }, 'mdoe'],
    [{ image: { tga: 'v1' } }, 'image.tga'],
    [{ policies: { podSecurity: { levle: 'restricted' } } }, 'policies.podSecurity.levle'],
    [{ policies: { podSecurity: { rules: { hostPort: { mode: 'Warn' } } } } }, 'policies.podSecurity.rules.hostPort'],
    [{ resources: { limit: { memory: '1Gi' } } }, 'resources.limit'],
    [{ tolerations: [{ keys: 'a' }] }, 'tolerations.0.keys'],
    [{ mode: 'enforce' }, 'mode'],
    [{ shutdownDelay: '10' }, 'shutdownDelay'],
    [{ exceptions: { maxDuration: '90d' } }, 'exceptions.maxDuration'],
    [{ policies: { podSecurity: { version: '1.30' } } }, 'policies.podSecurity.version'],
    [{ image: { digest: 'sha256:0' } }, 'image.digest'],
  ])('refuse %j, naming %s', (values, path) => {
    expect(refusals(values)).toEqual([path]);
  });

  test("leave room for other charts' keys in global, and only there", () => {
    expect(refusals({ global: { storageClass: 'fast' } })).toEqual([]);
  });
});

function prefixesOf(path: string): readonly string[] {
  const keys = path.split('.');
  return keys.map((_, index) => keys.slice(0, index + 1).join('.'));
}

const leaves = new Set(documentedValues().map(({ path }) => path));
const isValue = (path: string): boolean => leaves.has(path);

describe('values.schema.json', () => {
  interface Node {
    readonly type?: string;
    readonly properties?: Record<string, unknown>;
    readonly additionalProperties?: unknown;
  }
  const nodes: Node[] = [];
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    nodes.push(node as Node);
    for (const child of Object.values(node)) collect(child);
  };
  collect(JSON.parse(valuesSchema()));

  test('says of every object whether it may hold more', () => {
    const objects = nodes.filter(({ type }) => type === 'object');
    expect(objects.length).toBeGreaterThan(50);
    expect(objects.filter(({ additionalProperties }) => additionalProperties === undefined)).toEqual([]);
  });

  test('closes every section', () => {
    const open: string[] = [];
    const walk = (section: typeof chartValues, node: Node, path: string): void => {
      if (node.additionalProperties !== false) open.push(path);
      for (const [key, child] of Object.entries(section.values)) {
        if (isSection(child)) walk(child, node.properties?.[key] as Node, `${path}.${key}`);
      }
    };
    walk(chartValues, JSON.parse(valuesSchema()) as Node, '');
    expect(open).toEqual(['.global']);
  });

  test('has patterns that RE2 knows, by which Helm matches', () => {
    const patterns = nodes.flatMap((node) => Object.entries(node)).filter(([key]) => key === 'pattern');
    expect(patterns.length).toBeGreaterThan(5);
    expect(patterns.filter(([, pattern]) => /\(\?(?!:)|\\[1-9]/.test(String(pattern)))).toEqual([]);
  });
});

describe('the chart', () => {
  test('has the version of the program', () => {
    expect(parse(read('Chart.yaml'))).toMatchObject({ version: packageVersion(), appVersion: packageVersion() });
  });

  test('renders the same every time, whatever the cluster holds', () => {
    const impure = /\b(lookup|rand[A-Z]\w*|gen[A-Z]\w*|uuidv4|now|getHostByName|htpasswd|bcrypt)\s/;
    // Comments and what is no template are words, not calls.
    const calls = (name: string): readonly string[] =>
      [...read(join('templates', name)).matchAll(/\{\{-?(?!\s*\/\*)([\s\S]*?)\}\}/g)].map(([, call = '']) =>
        call.replace(/"(?:[^"\\]|\\.)*"/g, '""'),
      );
    expect(templates.flatMap(calls).length).toBeGreaterThan(200);
    expect(templates.filter((name) => calls(name).some((call) => impure.test(call)))).toEqual([]);
  });
});
