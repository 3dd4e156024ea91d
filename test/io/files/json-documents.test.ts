import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonSplitter, type JsonDocument } from '../../../src/io/files/json-documents.ts';

function split(text: string, size = text.length): readonly JsonDocument[] {
  const splitter = createJsonSplitter();
  const documents: JsonDocument[] = [];
  for (let at = 0; at < text.length; at += size) documents.push(...splitter.push(text.slice(at, at + size)));
  return [...documents, ...splitter.end()];
}

/** The values of whole documents, and `broken` with its line for the others. */
function read(text: string, size?: number): readonly unknown[] {
  return split(text, size).map(({ text: document, line, problem }) =>
    problem === undefined ? JSON.parse(document) : `broken in line ${line}`,
  );
}

function duration(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

describe('a stream of JSON', () => {
  test('may have one document a line, with blank lines, CRLF, a byte order mark and no line break at the end', () => {
    expect(read('\ufeff{"a":1}\r\n\r\n \t\n{"b":2}\r\n{"c":3}')).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(split('{"a":1}\n\n{"b":2}').map(({ line }) => line)).toEqual([1, 3]);
  });

  test('may be pretty-printed in any way, also without indentation', () => {
    const value = { a: [{ b: 1 }, {}, []], c: { d: '}{' } };
    const flush = '{\n"a": [\n{\n"b": 1\n},\n{},\n[]\n],\n"c": {\n"d": "}{"\n}\n}';
    expect(read(`${JSON.stringify(value, null, 2)}\n${flush}\n${JSON.stringify(value, null, '\t')}`)).toEqual([
      value,
      value,
      value,
    ]);
  });

  test('may have documents one right after another, also of other kinds than objects', () => {
    expect(read('{"a":1}{"b":2}[3]"x"4 5\ntrue null-1.5e+3')).toEqual([
      { a: 1 },
      { b: 2 },
      [3],
      'x',
      4,
      5,
      true,
      null,
      -1500,
    ]);
  });

  test('is cut at the same places however it arrives', () => {
    const inputs = [
      '{"a":"\\u00e9\\"}{"}\n{"b":\n{"c":1}\n[2]\n',
      '{"a":1}\nfoo\nbar\n{"b":\n{"c":tru}\n{\n"d":1}x\n{"e":2}',
      '{\n "a": tru\n}\n{"b":1}}\n{"c":"x\n{"d":1.}\n12',
    ];
    for (const input of inputs) {
      for (const size of [1, 2, 3, 5, 8]) expect(read(input, size), `${size} at once`).toEqual(read(input));
    }
  });

  test('gives back what was put in, in any layout and any chunks', () => {
    const layout = fc.constantFrom<string | undefined>(undefined, ' ', '\t', '\n');
    const document = fc.tuple(fc.object(), layout).map(([value, space]) => JSON.stringify(value, null, space));
    fc.assert(
      fc.property(
        fc.array(document),
        fc.constantFrom('\n', '', '\r\n', ' '),
        fc.integer({ min: 1, max: 9 }),
        (documents, between, size) => {
          expect(split(documents.join(between), size).map(({ text }) => text)).toEqual(documents);
        },
      ),
    );
  });

  test('takes and refuses exactly what JSON.parse does', () => {
    const scrap = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.',
      'e',
      'true',
      'nul',
      ' ',
      '\t',
      'u00',
      '/',
    );
    fc.assert(
      fc.property(fc.array(scrap, { minLength: 1, maxLength: 12 }), (scraps) => {
        const text = scraps.join('');
        fc.pre(text.trim() !== '');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const documents = split(text);
        expect(
          documents.length === 1 && documents[0]?.problem === undefined && documents[0]?.text === text.trim(),
        ).toBe(valid);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a broken document', () => {
  test('is one line where every document so far stood on its own', () => {
    expect(read('{"a":1}\nfoo\nbar\n{"b":2}\n')).toEqual([{ a: 1 }, 'broken in line 2', 'broken in line 3', { b: 2 }]);
    expect(read('{"a":1}\n{"b":\n[2]\n{"c":3}\n')).toEqual([{ a: 1 }, 'broken in line 2', [2], { c: 3 }]);
  });

  test('ends elsewhere before the next line that begins with a brace', () => {
    expect(read('{\n  "a": tru,\n  "b": {\n    "c": 1\n  }\n}\n{\n  "d": 2\n}\n')).toEqual([
      'broken in line 1',
      { d: 2 },
    ]);
    expect(read('foo\nbar\n{"b":2}')).toEqual(['broken in line 1', { b: 2 }]);
    expect(read('{"one":"line"}\n{\n "a": tru,\n "b": 1\n}\n{"c":3}')).toEqual([
      { one: 'line' },
      'broken in line 2',
      { c: 3 },
    ]);
  });

  test('that is cut off does not swallow the valid ones behind it, though JSON could go on so', () => {
    expect(read('{"a":\n{"b":1}\n{"c":2}\n')).toEqual(['broken in line 1', { b: 1 }, { c: 2 }]);
    expect(read('{"a":\n{"b":1}')).toEqual(['broken in line 1', { b: 1 }]);
    expect(read('{"a":[\n{"b":1}\n{"c":2}')).toEqual(['broken in line 1', { b: 1 }, { c: 2 }]);
    expect(read('{"a":"x\n{"b":1}')).toEqual(['broken in line 1', { b: 1 }]);
    expect(read('{"a":1,\n{"b":1}')).toEqual(['broken in line 1', { b: 1 }]);
    expect(read('{"a":\n{"b":\n{"c":1}\n')).toEqual(['broken in line 1', 'broken in line 2', { c: 1 }]);
  });

  test('leaves what stands before and behind it on its line', () => {
    expect(read('{"a":1}}\n{"b":1}')).toEqual([{ a: 1 }, 'broken in line 1', { b: 1 }]);
    expect(read('{"a":1}{"b":oops}{"c":1}\n{"d":1}')).toEqual([{ a: 1 }, 'broken in line 1', { d: 1 }]);
  });

  test('says what is wrong and where', () => {
    const problems = (text: string): unknown => split(text).map(({ problem }) => problem);
    expect(problems('{"a":tru}')).toEqual([{ offset: 8, message: 'has "}" inside a true' }]);
    expect(problems('{"a":01}')).toEqual([
      { offset: 6, message: 'has "1" where a comma or the closing bracket must stand' },
    ]);
    expect(problems('{"a":"\\x"}')).toEqual([{ offset: 7, message: 'has "x" inside a string after a backslash' }]);
    expect(problems('{"a":"\u0001"}')).toEqual([{ offset: 6, message: 'has "\\u0001" inside a string' }]);
    expect(problems('{"a":1')).toEqual([{ offset: 6, message: 'ends in the middle' }]);
    expect(problems('{a:1}')).toEqual([{ offset: 1, message: 'has "a" where a key or } must stand' }]);
  });

  test('keeps only its own text, not that of its neighbours', () => {
    expect(split('{"a":tru}\n{"b":1}').map(({ text }) => text)).toEqual(['{"a":tru}', '{"b":1}']);
    const long = split(`{"a":"${'x'.repeat(200_000)}`);
    expect(long.map(({ text }) => text.length)).toEqual([65_536]);
  });
});

describe('hostile streams', () => {
  test('documents 60,000 levels deep are whole', () => {
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    expect(split(`${deep}\n{"a":1}`, 4096).map(({ text }) => text.length)).toEqual([120_000, 7]);
  });

  test('a document that never ends is given up, and does not stay in memory', () => {
    const splitter = createJsonSplitter();
    const chunk = 'x'.repeat(1024 * 1024);
    const documents = [...splitter.push('{"a":"')];
    for (let i = 0; i < 70; i++) documents.push(...splitter.push(chunk));
    documents.push(...splitter.push('"}\n{"b":1}'), ...splitter.end());
    expect(documents.map(({ problem }) => problem?.message)).toEqual(['is longer than 64 MiB', undefined]);
  });

  test('a document that is too deep takes no neighbour along', () => {
    expect(read(`${'['.repeat(1_000_001)}\n{"b":1}\n{"c":1}`)).toEqual(['broken in line 1', { b: 1 }, { c: 1 }]);
    expect(read(`{"a":1}\n${'['.repeat(1_000_000)}\n{"b":1}\n`)).toEqual([{ a: 1 }, 'broken in line 2', { b: 1 }]);
  });

  const patterns = {
    'cut-off objects': '{"a":\n',
    'open lists that begin no line with a brace': '[1,[\n',
    'indented open lists': '  [1,[\n',
    'open strings': '{"a":"\n',
    'open objects with values between them': `{"a":[\n${'{"b":1},\n'.repeat(50)}`,
    'cut-off objects before whole ones': '{"a":\n{"b":1}\n',
    'objects without a line break': '{}',
    scraps: '1,[\n',
    keys: '"k":{"a":1,\n',
  };
  for (const [name, pattern] of Object.entries(patterns)) {
    test(`${name}: two million characters take no more than seconds`, () => {
      // Quadratic would be hours.
      const text = `{"ndjson":1}\n${pattern.repeat(2_000_000 / pattern.length)}`;
      expect(duration(() => split(text, 65_536))).toBeLessThan(10_000);
    });
  }
});
