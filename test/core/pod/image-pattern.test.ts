import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseImagePattern } from '../../../src/core/pod/image-pattern.ts';

function matches(pattern: string, repository: string): boolean {
  return parseImagePattern(pattern).matches(repository);
}

test.each([
  ['registry.example.com/team', 'registry.example.com/team', true],
  ['registry.example.com/team', 'registry.example.com/team/app', false],
  ['registry.example.com/team', 'registry.example.com/team-evil', false],
  ['registry.example.com/team', 'registry.example.com/team-evil/app', false],
  ['registry.example.com/team/**', 'registry.example.com/team/app', true],
  ['registry.example.com/team/**', 'registry.example.com/team/a/b/c', true],
  ['registry.example.com/team/**', 'registry.example.com/team', false],
  ['registry.example.com/team/**', 'registry.example.com/team-evil/app', false],
  ['registry.example.com/team/**', 'registry.example.com:5000/team/app', false],
  ['registry.example.com/**', 'registry.example.com/app', true],
  ['registry.example.com/**', 'registry.example.com.evil.io/app', false],
  ['registry.example.com/**', 'REGISTRY.EXAMPLE.COM/app', false],
  ['registry.example.com/*', 'registry.example.com/app', true],
  ['registry.example.com/*', 'registry.example.com/team/app', false],
  ['registry.example.com/team-*/app', 'registry.example.com/team-a/app', true],
  ['registry.example.com/team-*/app', 'registry.example.com/team-a/b/app', false],
  ['registry.example.com/*/app/**', 'registry.example.com/a/app/b', true],
  ['registry.example.com/*/app/**', 'registry.example.com/a/app', false],
  ['*.gcr.io/**', 'eu.gcr.io/acme/app', true],
  ['*.gcr.io/**', 'a.b.gcr.io/acme/app', true],
  ['*.gcr.io/**', 'gcr.io/acme/app', false],
  ['*.gcr.io/**', 'evil-gcr.io/acme/app', false],
  ['*.gcr.io/**', 'evil.io/eu.gcr.io/app', false],
  ['*/app', 'localhost:5000/app', true],
  ['registry.example.com:*/app', 'registry.example.com:5000/app', true],
  ['registry.example.com:*/app', 'registry.example.com/app', false],
  ['**', 'a_b.c/app', true],
])('%s and %s: %s', (pattern, repository, expected) => {
  expect(matches(pattern, repository)).toBe(expected);
});

describe('a pattern', () => {
  const segment = fc.stringMatching(/^[ab.-]{1,3}$/);
  const starred = fc.stringMatching(/^[ab.*-]{1,3}$/).filter((text) => !text.includes('**'));
  const repository = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const pattern = fc
    .tuple(fc.array(starred, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '/**'))
    .map(([parts, end]) => parts.join('/') + end);

  test('agrees with the regular expression that says the same', () => {
    fc.assert(
      fc.property(pattern, repository, (text, name) => {
        const source = text
          .replace(/[.-]/g, '[$&]')
          .replace(/\/\*\*$/, '/.+')
          .replaceAll(/(?<!\.)\*/g, '[^/]*');
        expect(matches(text, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
      { numRuns: 20_000 },
    );
  });

  test('of a folder never reaches beside it', () => {
    fc.assert(
      fc.property(repository, segment, segment, (folder, more, name) => {
        expect(matches(`${folder}/**`, `${folder}/${name}`)).toBe(true);
        expect(matches(`${folder}/**`, `${folder}${more}/${name}`)).toBe(false);
        expect(matches(folder, `${folder}/${name}`)).toBe(false);
      }),
    );
  });

  test('knows of which registries it speaks', () => {
    expect(parseImagePattern('*.gcr.io/acme/**').matchesDomain('eu.gcr.io')).toBe(true);
    expect(parseImagePattern('*.gcr.io/acme/**').matchesDomain('gcr.io')).toBe(false);
    expect(parseImagePattern('**').matchesDomain('gcr.io')).toBe(true);
  });
});
