import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { byteLength, cutToBytes, printable } from '../../../src/core/render/escape.ts';
import { formatMergePatch } from '../../../src/core/render/flow-yaml.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 300 });

test('whatever comes in, one printable line of bounded length comes out', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 100 }), (text, limit) => {
      const line = printable(text, limit);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      // One code point may become an escape of ten characters; beyond the limit there is only the ellipsis.
      expect([...line].length).toBeLessThanOrEqual(limit * 10 + 1);
    }),
    { numRuns: 2_000 },
  );
});

test('plain text stays as it is, and a cut is visible', () => {
  expect(printable('registry.example.com/app:1.0', 80)).toBe('registry.example.com/app:1.0');
  expect(printable('日本語', 80)).toBe('日本語');
  expect(printable('abcdef', 4)).toBe('abc…');
  expect(printable('🚢🚢🚢', 2)).toBe('🚢…');
});

test('bytes are counted and cut as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.integer({ min: 4, max: 120 }), (text, limit) => {
      expect(byteLength(text)).toBe(Buffer.byteLength(text));
      expect(Buffer.byteLength(cutToBytes(text, limit))).toBeLessThanOrEqual(limit);
    }),
  );
});

test.each(['1.1', '1.2'] as const)(
  'a patch is read back as the same value by YAML %s, and as JSON where kubectl takes it for JSON',
  (version) => {
    const key = fc.oneof(
      fc.constantFrom('y', 'no', 'null', 'on', '~', '1', '1.5', 'a b', "it's", 'a: b', '#', ''),
      anyText,
    );
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        key,
        fc.boolean(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(!JSON.stringify(value).includes('\\ud') && !JSON.stringify(value).includes('__proto__'));
        const one = { spec: value };
        expect(parse(formatMergePatch(one), { version })).toEqual(one);
        const several = { metadata: { annotations: null }, spec: value };
        const text = formatMergePatch(several);
        expect(parse(text, { version })).toEqual(several);
        expect(JSON.parse(text)).toEqual(several);
      }),
      { numRuns: 1_000 },
    );
  },
);
