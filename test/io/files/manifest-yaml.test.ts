import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseYamlManifest } from '../../../src/io/files/manifest-yaml.ts';
import { createPositions } from '../../../src/io/files/source-document.ts';

/** What sigs.k8s.io/yaml v1.6.0 (`YAMLToJSON`, as kubectl calls it) made of each text, or why it refused it. */
interface Recorded {
  readonly yaml: string;
  readonly json?: unknown;
  readonly refused?: string;
}

const data = join(import.meta.dirname, '..', '..', 'data', 'kubectl-yaml.ndjson');
const recorded = readFileSync(data, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** Where we differ, and may: none of it can stand in a manifest that means anything. */
const differing = new Map([
  ['true: 1\ny: 2\n', 'a duplicate key, of which kubectl takes the last'],
  ['a: 1\na: 2\n', 'the same'],
  ['.inf: a\n', 'a key that is no number of JSON'],
  ['a: "x\\ny\\u00e9\\x41\\U0001F600\\/\\e\\0"\n', 'an escape of YAML 1.2'],
  ['%YAML 1.2\n---\na: yes\n', 'a directive that go-yaml does not know'],
  ['a: "\u0085"\n', 'a line break of YAML 1.1'],
  ['a: 1\rb: 2\r', 'line breaks of old Macintoshes'],
]);

function valueOfYaml(text: string): unknown {
  const { documents, problems } = parseYamlManifest(text);
  if (problems[0] !== undefined) return { refused: problems[0].message };
  return documents[0]?.value ?? null;
}

function problemOf(text: string): string {
  const [problem] = parseYamlManifest(text).problems;
  if (problem === undefined) return 'none';
  const { line, column } = createPositions(text)(problem.offset);
  return `${line}:${column} ${problem.message}`;
}

function placesOf(text: string, ...paths: (readonly (string | number)[])[]): readonly string[] {
  const position = createPositions(text);
  const document = parseYamlManifest(text).documents.at(-1);
  return paths.map((path) => {
    const { line, column } = position(document?.locate(path) ?? -1);
    return `${line}:${column}`;
  });
}

describe('YAML means what it means to kubectl', () => {
  test('there are hundreds of recorded texts, some refused', () => {
    expect(recorded.length).toBeGreaterThan(300);
    expect(recorded.filter(({ refused }) => refused !== undefined).length).toBeGreaterThan(30);
  });

  for (const { yaml, json, refused } of recorded) {
    if (differing.has(yaml)) continue;
    test(JSON.stringify(yaml), () => {
      if (refused === undefined) expect(valueOfYaml(yaml)).toEqual(json);
      else expect(valueOfYaml(yaml)).toEqual({ refused: expect.any(String) });
    });
  }

  test('in the points that matter: YAML 1.1, text that looks like a time, merges in the order they stand', () => {
    expect(valueOfYaml('[yes, on, y, 0777, 0o17, 1_000, 1:30, 2026-01-01, 08, "yes"]')).toEqual([
      true,
      true,
      true,
      511,
      15,
      1000,
      '1:30',
      '2026-01-01',
      8,
      'yes',
    ]);
    expect(valueOfYaml('base: &b {u: 1, v: 1}\nuse:\n  u: 0\n  <<: *b\n  v: 2\n')).toEqual({
      base: { u: 1, v: 1 },
      use: { u: 1, v: 2 },
    });
  });
});

describe('what is wrong is named with its place', () => {
  test('a duplicate key', () => {
    expect(problemOf('a:\n  b: 1\n  c: 2\n  b: 3\n')).toBe('4:3 the key "b" stands twice');
  });

  test('tabs, quotes that are not closed, wrong indentation', () => {
    expect(problemOf('a:\n\tb: 1\n')).toBe('2:1 tabs are not allowed as indentation');
    expect(problemOf('a: 1\nb: "x\n')).toBe('3:1 missing closing "quote');
    expect(problemOf('a:\n  b: 1\n c: 2\n')).toMatch(/^3:1 /);
  });

  test('an alias without anchor, and one that contains itself', () => {
    expect(problemOf('a: 1\nb: *c\n')).toBe('2:4 refers to *c, which is not defined before it');
    expect(problemOf('a: &a [1, *a]\n')).toBe('1:11 refers to *a, which contains it');
  });

  test('a broken document does not spoil the others, not even with an open quote', () => {
    const { documents, problems } = parseYamlManifest('a: "x\n---\nb: 2\n---\nc: [1\n---\nd: 4\n');
    expect(documents.map(({ value }) => value)).toEqual([{ b: 2 }, { d: 4 }]);
    expect(problems).toHaveLength(2);
  });

  test('empty documents are no documents; directives belong to what follows', () => {
    expect(parseYamlManifest('---\n# nothing\n---\n\n---\n').documents).toEqual([]);
    expect(
      parseYamlManifest('# licence\n%YAML 1.1\n---\na: 1\n--- {b: 2}\n').documents.map(({ value }) => value),
    ).toEqual([{ a: 1 }, { b: 2 }]);
  });
});

describe('fields are found where they stand', () => {
  const text = '# comment\nspec:\n  list:\n  - name: a\n    on: 1\n  - {name: b, x: 2}\n';

  test('keys, items, and the nearest parent of what is absent', () => {
    expect(placesOf(text, [], ['spec'], ['spec', 'list', 0], ['spec', 'list', 0, 'true'])).toEqual([
      '2:1',
      '2:1',
      '4:5',
      '5:5',
    ]);
    expect(placesOf(text, ['spec', 'list', 1, 'x'], ['spec', 'list', 1, 'y'], ['spec', 'list', 7])).toEqual([
      '6:15',
      '6:5',
      '3:3',
    ]);
    expect(placesOf(text, ['other'], ['spec', 'other', 'deep'])).toEqual(['2:1', '2:1']);
  });

  test('in the document they belong to', () => {
    expect(placesOf(`a: 1\n---\n${text}`, ['spec', 'list', 0, 'name'])).toEqual(['6:5']);
  });

  test('through aliases and merge keys, where they were written', () => {
    const merged = 'base: &b\n  u: 1\n  v: 2\nuse:\n  <<: *b\n  v: 3\nlist: [*b]\n';
    expect(placesOf(merged, ['use', 'u'], ['use', 'v'], ['list', 0, 'v'], ['use', 'w'])).toEqual([
      '2:3',
      '6:3',
      '3:3',
      '4:1',
    ]);
  });
});

describe('hostile YAML', () => {
  test('a bomb of aliases or of merges is refused, fast, at the alias that sets it off', () => {
    const level = (i: number, of: string): string => `a${i}: &a${i} [${Array(9).fill(of).join(',')}]\n`;
    const bomb = Array.from({ length: 9 }, (_, i) => level(i, i === 0 ? 'x' : `*a${i - 1}`)).join('');
    expect(problemOf(bomb)).toMatch(/^\d+:\d+ has so many aliases that it would grow without bounds$/);
    const merge = (i: number): string => `a${i}: &a${i} {<<: [*a${i - 1}, *a${i - 1}], y${i}: *a${i - 1}}\n`;
    expect(problemOf(`a0: &a0 {x: 1}\n${Array.from({ length: 40 }, (_, i) => merge(i + 1)).join('')}`)).toMatch(
      /so many aliases/,
    );
  });

  test('absurd depth is refused', () => {
    for (const text of [`a: ${'['.repeat(60_000)}`, '{a: '.repeat(60_000), '- '.repeat(60_000)]) {
      expect(problemOf(text)).toMatch(/ is nested too deeply$/);
    }
  });

  test('__proto__ and constructor are keys like others', () => {
    const value = valueOfYaml('__proto__: {a: 1}\nconstructor: 2\n') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
