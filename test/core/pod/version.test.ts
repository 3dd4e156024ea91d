import { expect, test } from 'vitest';
import { effectiveMinor, newestMinor, parsePolicyVersion } from '../../../src/core/pod/version.ts';

test.each([
  ['latest', 'latest'],
  ['v1.0', 0],
  ['v1.37', 37],
  ['v1.99', 99],
  ['v1.01', undefined],
  ['1.37', undefined],
  ['v2.0', undefined],
  ['v1.37.1', undefined],
  ['Latest', undefined],
  ['', undefined],
])('%s is read as %s', (text, expected) => {
  expect(parsePolicyVersion(text)).toBe(expected);
});

test('a version that is newer than the newest known counts as the newest', () => {
  expect(effectiveMinor(99)).toBe(newestMinor);
  expect(effectiveMinor('latest')).toBe(newestMinor);
  expect(effectiveMinor(3)).toBe(3);
});
