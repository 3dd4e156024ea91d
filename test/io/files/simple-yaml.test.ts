import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readSimpleYaml, simpleYamlLocator } from '../../../src/io/files/simple-yaml.ts';
import { createYamlReading, locateNode, readNode } from '../../../src/io/files/yaml-value.ts';

type Path = readonly (string | number)[];

interface Read {
  readonly value: unknown;
  /** The offset of everything in it, in order. */
  readonly places: readonly (readonly [Path, number])[];
}

/** The whole language: the only document, or undefined where it is broken. */
function readWhole(text: string): Read | undefined {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const [document] = documents;
  if (document === undefined || documents.length !== 1 || document.errors.length > 0) return undefined;
  const reading = createYamlReading();
  const value = readNode(document.contents, reading);
  return { value, places: pathsIn(value).map((path) => [path, locateNode(document.contents, path, reading)]) };
}

function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const inside = keys.flatMap((key) => pathsIn((value as Record<string | number, unknown>)[key], [...path, key]));
  return [path, ...inside, [...path, 'absent', 0]];
}

/** Whatever it reads, the parser reads as the same, and finds in the same places. */
function agrees(text: string): boolean {
  const simple = readSimpleYaml(text);
  if (simple === undefined) return false;
  const locate = simpleYamlLocator(text);
  const places = pathsIn(simple.value).map((path) => [path, locate(path)]);
  expect({ value: simple.value, places }, text).toEqual(readWhole(text));
  return true;
}

const deployment = `# An ordinary manifest
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the name
  annotations: {example.com/owner: "team <a@b>", example.com/since: '2026-01-01'}
spec:
  replicas: 3
  template:
    spec:
      hostNetwork: no
      containers:
      - name: app
        image: registry.example.com:5000/web@sha256:0123
        args: [--listen=0.0.0.0, "-v", '--name=a b']
        ports:
          - containerPort: 8080
            protocol: TCP
        securityContext: {}
        env: []
      volumes:
`;

describe('the simple part of YAML', () => {
  test('holds ordinary manifests', () => {
    expect(readSimpleYaml(deployment)?.value).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web',
        annotations: { 'example.com/owner': 'team <a@b>', 'example.com/since': '2026-01-01' },
      },
      spec: {
        replicas: 3,
        template: {
          spec: {
            hostNetwork: false,
            containers: [
              {
                name: 'app',
                image: 'registry.example.com:5000/web@sha256:0123',
                args: ['--listen=0.0.0.0', '-v', '--name=a b'],
                ports: [{ containerPort: 8080, protocol: 'TCP' }],
                securityContext: {},
                env: [],
              },
            ],
            volumes: null,
          },
        },
      },
    });
    expect(agrees(deployment)).toBe(true);
  });

  test('does not hold what may mean something else, or nothing', () => {
    const others = [
      'a: &b c\n',
      'a: *b\n',
      'a: !!str 1\n',
      'a: |\n  b\n',
      'a: >\n  b\n',
      'a: b\n  c\n',
      'a: b\n c: d\n',
      'a: b\na: c\n',
      'a:\tb\n',
      '? a\n',
      'a: b: c\n',
      'a: [b\n',
      'a: [b,]\n',
      'a: {b}\n',
      'a: "b\\n"\n',
      "a: 'b''c'\n",
      'a: @b\n',
      'a: - b\n',
      '- a\n',
      'a: .inf\n',
      '<<: {a: b}\n',
      '~: a\n',
      '__proto__: a\n',
      'a: b\n---\nc: d\n',
      'a: b\n...\n',
      '%YAML 1.1\n---\na: b\n',
      'a:\n  - b\n  c: d\n',
      ' a: b\n',
      '',
    ];
    for (const text of others) expect(readSimpleYaml(text), JSON.stringify(text)).toBeUndefined();
  });

  test('means the same in all of the language: what kubectl was asked about', () => {
    const data = readFileSync(join(import.meta.dirname, '..', '..', 'data', 'kubectl-yaml.ndjson'), 'utf8');
    const texts = data
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { yaml: string }).yaml);
    expect(texts.filter(agrees).length).toBeGreaterThan(100);
  });

  test('means the same in all of the language: manifests with anything stuck into them', () => {
    const scraps =
      ' |  |-|- |:|: |#| #|"|\'|[|]|{|}|,|, |\n|\n  |\n- |a|1|yes|~|.|null|>|&a |*a|!x |?|? |%|@|`|\\|é|<<: |---\n|...|0|x: y|- x: y|""|=|+|_|\u0085|\u2028|k: [a, b]|{a: b}|-1|--|-a|//|k:|k: |\n\n|\r|\t|\u0000|\ufeff';
    const small = [
      'a: 1\nb:\n  c: d\n  e:\n  - f\n  - g: h\n    i: j\nk: [l, m]\n',
      'a:\n- b: \'c\'\n  d:\n  - e\n- g\nh: {i: "j", k: l}\n',
      deployment,
    ];
    const change = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...scraps.split('|'), '|'));
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...small), fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        const changed = changes.reduce((before, [at, length, scrap]) => {
          const place = at % (before.length + 1);
          return before.slice(0, place) + scrap + before.slice(place + length);
        }, text);
        if (agrees(changed)) read++;
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(150);
  });

  test('takes linear time, whatever stands there', () => {
    for (const line of ['a: x x x ', 'a: [', '- ', 'a: {b: ', 'k: "', 'a: -', ' '.repeat(50)]) {
      const start = performance.now();
      readSimpleYaml(`a:\n${line.repeat(100_000)}\n`);
      readSimpleYaml(`a:\n${`${line}\n`.repeat(100_000)}`);
      expect(performance.now() - start, line).toBeLessThan(5_000);
    }
  });
});
