import { expect, test } from 'vitest';
import { compareFieldPaths, formatFieldPath, valueAt } from '../../../src/core/pod/field-path.ts';

test('a path is printed as Kubernetes prints it', () => {
  expect(formatFieldPath(['spec', 'containers', 0, 'image'])).toBe('spec.containers[0].image');
  expect(formatFieldPath(['metadata', 'annotations', 'a.b/c'])).toBe('metadata.annotations[a.b/c]');
  expect(formatFieldPath([])).toBe('');
});

test('a path through a name of JavaScript finds only what was sent', () => {
  expect(valueAt({}, ['constructor', 'name'])).toBeUndefined();
  expect(valueAt({}, ['__proto__', 'toString'])).toBeUndefined();
  expect(valueAt(JSON.parse('{"__proto__": {"a": 1}}'), ['__proto__', 'a'])).toBe(1);
  expect(valueAt('text', ['length'])).toBeUndefined();
});

test('indexes are ordered as numbers', () => {
  const paths = [['c', 10], ['c', 2], ['b'], ['c', 2, 'x'], ['c']] as const;
  expect([...paths].sort(compareFieldPaths)).toEqual([['b'], ['c'], ['c', 2], ['c', 2, 'x'], ['c', 10]]);
});
