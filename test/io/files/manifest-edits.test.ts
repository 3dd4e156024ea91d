import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPatchedCopy, type PatchOperation } from '../../../src/core/pod/patch.ts';
import { editManifest } from '../../../src/io/files/manifest-edits.ts';
import { parseManifest } from '../../../src/io/files/manifests.ts';
import { commentsOf } from '../../../src/io/files/yaml-tree.ts';
import { writtenDocument } from './written-yaml.ts';

type Path = readonly (string | number)[];

/** Every place of a value that can be changed, the root left out. */
function placesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      placesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

const newValue = fc.oneof(
  fc.constantFrom<unknown>(
    true,
    false,
    null,
    0,
    7,
    'RuntimeDefault',
    'yes',
    '',
    '1e3',
    'a: b',
    ' #',
    "it's",
    '日本',
    '128Mi',
    '<<',
    '{{ x',
  ),
  fc.constantFrom<unknown>(
    {},
    [],
    { a: 1 },
    { 'b.c/d': [] },
    ['ALL'],
    ['A', 'B'],
    { deep: { list: [{ x: 1, y: [2] }] } },
    [{ k: {} }],
  ),
);

interface Step {
  readonly at: number;
  readonly how: 'set' | 'remove' | 'add' | 'shorten' | 'lengthen';
  readonly value: unknown;
}

const steps = fc.array(
  fc.record<Step>({
    at: fc.nat(),
    how: fc.constantFrom('set', 'remove', 'add', 'shorten', 'lengthen'),
    value: newValue,
  }),
  { minLength: 1, maxLength: 4 },
);

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a random step does to a document; nothing where it does not fit. */
function operationOf(root: unknown, { at, how, value }: Step): PatchOperation | undefined {
  const places = placesOf(root);
  const path = places[at % places.length] ?? [];
  const found = path.reduce<unknown>((inner, segment) => (inner as Record<string | number, unknown>)[segment], root);
  if (how === 'add') return isMap(found) ? { op: 'add', path: [...path, `new${at % 3}`], value } : undefined;
  if (path.length === 0 || path[0] === 'kind') return undefined;
  if (how === 'set') return { op: 'add', path, value };
  if (how === 'remove') return typeof path.at(-1) === 'string' ? { op: 'remove', path } : undefined;
  if (!Array.isArray(found)) return undefined;
  const items = how === 'lengthen' ? [...found, value] : found.filter((_, index) => (at >> index) % 2 === 0);
  return { op: 'add', path, value: items };
}

function changed(root: unknown, wanted: readonly Step[]): unknown {
  const copy = createPatchedCopy(root);
  for (const step of wanted) {
    const operation = operationOf(copy.value(), step);
    if (operation !== undefined) copy.apply(operation);
  }
  return copy.value();
}

const commentTexts = (text: string) =>
  commentsOf(text)
    .map(({ start, end }) => text.slice(start, end).trimEnd())
    .sort();

describe('an edited manifest', () => {
  test('means exactly what it should and has every comment, whatever is written and changed', () => {
    let [edited, refused] = [0, 0];
    fc.assert(
      fc.property(writtenDocument, steps, ({ text }, wanted) => {
        const { documents, problems } = parseManifest(text, 'a.yaml');
        fc.pre(problems.length === 0);
        const value = changed(documents[0]?.value, wanted);
        const result = editManifest(text, 'a.yaml', new Map([[0, value]]));
        if ('refusals' in result) {
          refused++;
          const reasons = [/a comment in it would be lost/, /template actions/, /nothing can be put behind/];
          // A block that keeps the empty lines behind it would keep those of what is taken away, too.
          if (text.includes('|+')) reasons.push(/cannot be edited safely/);
          for (const { message } of result.refusals) expect(reasons.some((reason) => reason.test(message))).toBe(true);
          return;
        }
        edited++;
        const after = parseManifest(result.text, 'a.yaml');
        expect(after.problems).toEqual([]);
        expect(after.documents[0]?.value).toEqual(value);
        expect(after.documents.slice(1).map((each) => each.value)).toEqual(
          documents.slice(1).map((each) => each.value),
        );
        expect(commentTexts(result.text)).toEqual(commentTexts(text));
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeLessThan(edited / 10);
  });

  test('is never half of one: real manifests changed at random mean what they should, or are refused for a reason', () => {
    const folder = 'test/data/fix';
    const names = readdirSync(folder).filter((name) => /\.(?:yaml|json)$/.test(name));
    const known =
      /^(?:[&*]\w+ is (?:used again|the value)|a comment in it|it comes from another place|nothing but <<|it has a tag)/;
    let edited = 0;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), steps, (name, at, wanted) => {
        const text = readFileSync(`${folder}/${name}`, 'utf8').replace(/^\ufeff/, '');
        const { documents } = parseManifest(text, name);
        const index = at % documents.length;
        const value = changed(documents[index]?.value, wanted);
        const result = editManifest(text, name, new Map([[index, value]]));
        if ('refusals' in result) {
          // An alias behind an item that goes has another place afterwards.
          const reasons = text.includes('&') ? /safely/ : known;
          for (const { message } of result.refusals) expect(known.test(message) || reasons.test(message)).toBe(true);
          return;
        }
        edited++;
        const after = parseManifest(result.text, name).documents.map((each) => each.value);
        expect(after).toEqual(documents.map((each, place) => (place === index ? value : each.value)));
      }),
      { numRuns: 1500 },
    );
    expect(edited).toBeGreaterThan(1200);
  });

  test('of JSON is what a printer would write of the new value, with every layout', () => {
    const inner = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(1, true, null, 'x', ' "y\\n', '日本'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c d', '鍵', '"'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    const layouts = fc.constantFrom('  ', '    ', '\t', '');
    fc.assert(
      fc.property(inner, steps, layouts, (value, wanted, layout) => {
        const root = { kind: 'Test', value };
        const after = changed(root, wanted);
        const print = (printed: unknown): string => JSON.stringify(printed, null, layout);
        const result = editManifest(print(root), 'a.json', new Map([[0, after]]));
        // What stays keeps its place: only the order of fields may be another than that of the value.
        const text = 'text' in result ? result.text : 'null';
        expect([JSON.parse(text), text]).toEqual([after, print(JSON.parse(text))]);
      }),
      { numRuns: 1500 },
    );
  });

  /** What operations make of a document. */
  function edited(text: string, operations: readonly PatchOperation[], file = 'a.yaml'): string {
    const copy = createPatchedCopy(parseManifest(text, file).documents[0]?.value);
    for (const operation of operations) copy.apply(operation);
    const result = editManifest(text, file, new Map([[0, copy.value()]]));
    return 'text' in result ? result.text : result.refusals.map(({ message }) => message).join('\n');
  }
  const set = (path: Path, value: unknown): PatchOperation => ({ op: 'add', path, value });
  const remove = (...path: Path): PatchOperation => ({ op: 'remove', path });

  const changes: readonly (readonly [string, string, readonly PatchOperation[], string])[] = [
    ['a field behind a dash', 'l:\n- a: 1\n  b: 2\n', [remove('l', 0, 'a')], 'l:\n- b: 2\n'],
    [
      'a field behind a dash, with comments',
      'l:\n- a: 1 # one\n  # two\n  b: 2\n',
      [remove('l', 0, 'a')],
      'l:\n- # one\n  # two\n  b: 2\n',
    ],
    ['all fields', 'a:\n  b: 1 # one\nc: 2\n', [remove('a', 'b')], 'a: {}\n  # one\nc: 2\n'],
    ['all fields behind a dash', 'l:\n- a: 1 # one\n', [remove('l', 0, 'a')], 'l:\n- {} # one\n'],
    ['all items', 'l:\n- 1\n- 2 # two\nm: 3\n', [set(['l'], [])], 'l: []\n  # two\nm: 3\n'],
    ['a value in braces, with comments', 'a: {\n  b: 1 # one\n}\nc: 2\n', [set(['a'], 1)], 'a: 1\n  # one\nc: 2\n'],
    ['the first field of a file', 'a: 1\nb: 2\n', [remove('a')], 'b: 2\n'],
    ['fields of a map in braces', '{a: 1, b: 2, c: 3}\n', [remove('a'), remove('c')], '{b: 2}\n'],
    ['quotes', "a: 'it''s'\nb: \"x\"\n", [set(['a'], "that's"), set(['b'], 'y z')], "a: 'that''s'\nb: \"y z\"\n"],
    ['a text that looks like a number', 'a: b\n', [set(['a'], '1e3'), set(['c'], '100m')], 'a: "1e3"\nc: 100m\n'],
    ['a key that looks like a merge', 'a: b\n', [set(['<<'], 'x')], 'a: b\n"<<": x\n'],
    ['an alias of one value', 'a: &x 1\nb: *x\n', [set(['b'], 2)], 'a: &x 1\nb: 2\n'],
    [
      'an alias, together with what it repeats',
      'a: &x {c: 1}\nb: *x\n',
      [set(['a', 'c'], 2), set(['b', 'c'], 2)],
      'a: &x {c: 2}\nb: *x\n',
    ],
    ['an alias that goes', 'a: &x {c: 1}\nb: *x\n', [remove('b')], 'a: &x {c: 1}\n'],
    ['nothing', 'a :   1   # one\n', [set(['a'], 1)], 'a :   1   # one\n'],
    ['fields put behind a block that keeps its end', 'a: |+\n  x\n\n', [set(['b'], 1)], 'a: |+\n  x\n\nb: 1\n'],
  ];
  for (const [what, before, operations, after] of changes) {
    test(`changes ${what}`, () => {
      expect(edited(before, operations)).toBe(after);
    });
  }

  const refusals: readonly (readonly [string, string, readonly PatchOperation[], RegExp])[] = [
    ['what another place repeats', 'a: &x {c: 1}\nb: *x\n', [set(['a', 'c'], 2)], /^&x is used again in line 2/],
    ['what repeats another place', 'a: &x {c: 1}\nb: *x\n', [set(['b', 'c'], 2)], /^\*x is the value of another place/],
    ['what another place repeats, when it goes', 'a: &x {c: 1}\nb: *x\n', [remove('a')], /^&x is used again/],
    ['what others merge', 'a: &x {c: 1}\nb:\n  <<: *x\n', [set(['a', 'c'], 2)], /^&x is used again in line 3/],
    [
      'what comes by a merge',
      'a: &x {c: 1}\nb:\n  <<: *x\n',
      [set(['b', 'c'], 2)],
      /^it comes from another place by <<$/,
    ],
    ['what has a tag', 'a: !!int 1\n', [set(['a'], true)], /^it has a tag/],
    ['a key of several lines', '? |\n  a\n: 1\n', [set(['b'], 1)], /^it is written in a way that is not edited$/],
    ['a comment in braces', '{a: {\n  b: 1 # one\n}}\n', [set(['a'], 1)], /^a comment in it would be lost$/],
    ['all of a document', 'a: 1\n', [remove('a')], /^all of it would change$/],
    ['a template', 'a: {{ x }}\nb: 1\n'.replace('{{ x }}', '"{{ x }}"'), [set(['b'], 2)], /^it holds template actions/],
    ['a template in a comment', '# {{ if x }}\nb: 1\n', [set(['b'], 2)], /^it holds template actions/],
    ['what stands behind a block without end', 'a: |\n  x', [set(['b'], 2)], /^nothing can be put behind/],
  ];
  for (const [what, before, operations, reason] of refusals) {
    test(`refuses ${what}`, () => {
      expect(edited(before, operations)).toMatch(reason);
    });
  }
});
