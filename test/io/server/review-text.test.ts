import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutManagedFields } from '../../../src/io/server/review-text.ts';
import { forbiddenReview } from '../../hostile-reviews.ts';

const withoutManagedFields = (text: string): string => cutManagedFields(Buffer.from(text)).toString();

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return 'no JSON';
  }
};

/** What parsing everything gives, with every list called managedFields emptied. */
function emptied(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item) => (key === 'managedFields' && Array.isArray(item) ? [] : item));
}

describe('managed fields', () => {
  const fields = [{ manager: 'kubectl', fieldsV1: { 'f:spec': { 'k:{"name":"app"}': { '.': {}, 'f:image': {} } } } }];

  test('are cut, in the object and in the old one', () => {
    const review = {
      request: {
        object: { metadata: { name: 'a', managedFields: fields }, spec: {} },
        oldObject: { metadata: { managedFields: fields, name: 'a' }, spec: {} },
      },
    };
    const text = withoutManagedFields(JSON.stringify(review));
    expect(text).not.toContain('kubectl');
    expect(JSON.parse(text)).toEqual(emptied(review));
  });

  test.each([
    ['an annotation that looks like them', { annotations: { a: '"managedFields":[', b: 'x],"spec":{}' } }],
    ['an annotation that ends in a backslash', { annotations: { a: 'x\\', managedFields: 'y' } }],
    ['lists in the list', { managedFields: [[1], { a: [2] }], name: 'a' }],
    ['an object of that name', { managedFields: { a: [1] }, name: 'a' }],
    ['a manager that ends like the list', { managedFields: [{ manager: 'x],', a: 'y' }], name: 'a' }],
    ['a manager that ends like the metadata', { managedFields: [{ manager: 'x]},', a: 'y' }], name: 'a' }],
    ['a manager that goes on like the object', { managedFields: [{ manager: 'x]},"spec":{' }], name: 'a' }],
    ['a field that ends like the metadata', { managedFields: [{ 'f:x]},': {}, hostPID: 1 }], name: 'a' }],
    ['a manager that goes on like text', { managedFields: [{ manager: 'x],spec' }], name: 'a' }],
    ['a key that ends like theirs', { 'x"managedFields': [{ a: 1 }], name: 'a' }],
    ['a list at the very end', { managedFields: [{ manager: 'x' }] }],
    ['a manager full of brackets', { managedFields: [{ manager: ']]}}"\\"],"spec":{"hostPID":false}' }], name: 'a' }],
  ])('%s changes nothing else', (_what, metadata) => {
    const text = JSON.stringify({ metadata, spec: { hostPID: true } });
    expect(emptied(parsed(withoutManagedFields(text)))).toEqual(emptied(JSON.parse(text)));
  });

  test.each([
    '{"managedFields":[',
    '{"managedFields":["',
    '{"managedFields":[{"a":"\\',
    '"x"managedFields":[]',
    '{"a":"\\\\"managedFields":[1]}',
  ])('a text that is no JSON does not become any: %s', (text) => {
    expect(parsed(withoutManagedFields(text))).toBe('no JSON');
  });

  test('half a million lists of that name are not moved one by one', () => {
    const body = Buffer.from(`[${'{"managedFields":[1],"a":0},'.repeat(500_000)}0]`);
    const started = performance.now();
    expect(cutManagedFields(body).length).toBe(14_000_003 - 2);
    // Moving fourteen megabytes half a million times would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('whatever a hostile review holds, the same is read with and without them', () => {
    const managed = fc.oneof(fc.constant(fields), fc.json({ maxDepth: 3 }).map(parsed), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(
        forbiddenReview,
        managed,
        fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', 'managedFields":[', 'a') }),
        (review, value, text) => {
          const object = (review['request'] as { object: Record<string, unknown> }).object;
          const metadata = { ...(object['metadata'] as object), managedFields: value, annotations: { a: text } };
          const json = JSON.stringify({ ...review, object: { ...object, metadata } });
          expect(emptied(parsed(withoutManagedFields(json)))).toEqual(emptied(JSON.parse(json)));
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
