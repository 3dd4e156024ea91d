import { describe, expect, test } from 'vitest';
import { SekishoError } from '../../../src/core/error.ts';
import { type OwnObject, parseOwnObject } from '../../../src/core/policy/own-object.ts';
import {
  mergeReadings,
  nothingRead,
  type PolicyReading,
  type SourcedObject,
  takeReading,
} from '../../../src/core/policy/policy-reading.ts';

const apiVersion = 'sekisho.dev/v1alpha1';

function parsed(document: object): OwnObject {
  const result = parseOwnObject(document);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.object;
}

const policy = (name: string): object => ({
  apiVersion,
  kind: 'PodPolicy',
  metadata: { name },
  spec: { mode: 'Enforce' },
});
const exception = (name: string): object => ({
  apiVersion,
  kind: 'PodPolicyException',
  metadata: { name },
  spec: {
    policies: [{ name: 'p', rules: ['hostPorts'] }],
    match: {},
    reason: 'because',
    expiresAt: '2027-01-31T00:00:00Z',
  },
});

const at = (place: string, ...documents: readonly object[]): readonly SourcedObject[] =>
  documents.map((document) => ({ object: parsed(document), file: place, place }));
const brokenAt = (file: string, document: unknown) => ({
  file,
  document,
  error: new SekishoError('PolicyInvalid', `${file}: broken`),
});
const ready = (place: string, ...documents: readonly object[]): PolicyReading => ({
  ...nothingRead,
  ready: at(place, ...documents),
});
const placesOf = (sourced: readonly SourcedObject[]): readonly string[] =>
  sourced.map(({ object, place }) => `${object.metadata.name} of ${place}`);

describe('what two sources hold', () => {
  test('is united; a policy and an exception may share a name', () => {
    const merged = mergeReadings(ready('file', policy('a')), ready('cluster', policy('b'), exception('a')));
    expect(placesOf(merged.ready)).toEqual(['a of file', 'b of cluster', 'a of cluster']);
    expect([merged.taken, merged.problems]).toEqual([[], []]);
  });

  test.each([
    ['a policy', policy, 'policy'],
    ['an exception', exception, 'exception'],
  ])('keeps the name of %s in the first, and says so of the second', (_what, make, word) => {
    const merged = mergeReadings(ready('a.yaml:1:1', make('same')), ready('the cluster', make('same')));
    expect(placesOf(merged.ready)).toEqual(['same of a.yaml:1:1']);
    expect(placesOf(merged.taken)).toEqual(['same of the cluster']);
    expect(merged.problems).toEqual([
      {
        reason: `the cluster: the ${word} same stands in a.yaml:1:1 too: rename one of them`,
        remainder: 'nameTaken',
        kind: parsed(make('same')).kind,
        names: ['same'],
      },
    ]);
  });

  test('keeps the name also where the first is only kept or unread', () => {
    const broken = { ...policy('same'), spec: { mode: 'Enforce', podSecurity: { level: 'strict' } } };
    const kept = takeReading(
      { good: [], broken: [brokenAt('a.yaml', broken)], files: ['a.yaml'] },
      ready('a.yaml', policy('same')),
    );
    const unread = takeReading({ good: [], broken: [brokenAt('a.yaml', broken)], files: ['a.yaml'] }, nothingRead);
    expect([kept.kept.length, unread.unread.length]).toEqual([1, 1]);
    for (const first of [kept, unread]) {
      const merged = mergeReadings(first, ready('the cluster', policy('same')));
      expect(merged.ready).toEqual([]);
      expect(placesOf(merged.taken)).toEqual(['same of the cluster']);
      expect(mergeReadings(first, unread).unread).toEqual(first.unread);
    }
  });
});

describe('documents of both kinds', () => {
  test('a broken exception leaves its last good version, or nothing; a policy of its name is another thing', () => {
    const broken = { ...exception('same'), spec: {} };
    const documents = {
      good: at('p.yaml', policy('same')),
      broken: [brokenAt('x.yaml', broken)],
      files: ['p.yaml', 'x.yaml'],
    };
    const never = takeReading(documents, nothingRead);
    expect([placesOf(never.ready), never.kept, never.unread]).toEqual([['same of p.yaml'], [], []]);
    expect(never.problems).toEqual([
      { reason: 'x.yaml: broken', remainder: 'leftOut', kind: 'PodPolicyException', names: [] },
    ]);
    const before = { ...nothingRead, ready: [...at('p.yaml', policy('same')), ...at('x.yaml', exception('same'))] };
    const after = takeReading(documents, before);
    expect([placesOf(after.ready), placesOf(after.kept)]).toEqual([['same of p.yaml'], ['same of x.yaml']]);
  });

  test('a kind that our group does not have is a mistake that names those it has', () => {
    const result = parseOwnObject({ ...policy('p'), kind: 'PodPolcy' });
    expect(result).toEqual({ issues: [{ path: ['kind'], message: 'must be PodPolicy or PodPolicyException' }] });
  });
});
