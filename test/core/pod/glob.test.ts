import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversGlob, globsOverlap, matchesGlob } from '../../../src/core/pod/glob.ts';

test.each([
  ['team-*', 'team-a', true],
  ['team-*', 'team-', true],
  ['team-*', 'other', false],
  ['team', 'team-a', false],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['*-prod', 'a-prod-prod', true],
  ['a*b*c', 'axbxbxc', true],
  ['a*b*c', 'axbxb', false],
])('%s and %s: %s', (pattern, text, expected) => {
  expect(matchesGlob(pattern, text)).toBe(expected);
});

test('it agrees with the regular expression that says the same', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), maxLength: 8 });
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 10 }), (pattern, text) => {
      expect(matchesGlob(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
    }),
    { numRuns: 5_000 },
  );
});

test('many stars do not make it slow', () => {
  const started = process.hrtime.bigint();
  expect(matchesGlob(`${'a*'.repeat(30)}b`, 'a'.repeat(10_000))).toBe(false);
  // Backtracking over 30 stars would not end in this universe; the bound only tells the two apart.
  expect(process.hrtime.bigint() - started).toBeLessThan(5_000_000_000n);
});

describe('two patterns', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 3 });
  // The shortest text that two patterns share has no more letters than both of them.
  const texts = ['', ...allTexts(6)];

  test('overlap exactly where a text matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const shared = texts.some((text) => matchesGlob(a, text) && matchesGlob(b, text));
        expect(globsOverlap(a, b)).toBe(shared);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['team-*', '*-prod', true],
    ['team-*', 'team', false],
    ['a*b', 'b*a', false],
    ['a*', '*', true],
    ['**', '', true],
    ['a*c', 'ab*bc', true],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(globsOverlap(a, b)).toBe(expected);
  });

  test('one covers the other where it matches all its texts', () => {
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        if (!coversGlob(outer, inner)) return;
        expect(texts.filter((text) => matchesGlob(inner, text) && !matchesGlob(outer, text))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
    expect(coversGlob('team-*', 'team-a-*')).toBe(true);
    expect(coversGlob('team-*', 'team*')).toBe(false);
  });
});

function allTexts(length: number): readonly string[] {
  if (length === 0) return [];
  const shorter = ['', ...allTexts(length - 1)];
  return [...new Set(shorter.flatMap((text) => [text, `${text}a`, `${text}b`]))].filter((text) => text !== '');
}
