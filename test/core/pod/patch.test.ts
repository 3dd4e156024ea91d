import { expect, test } from 'vitest';
import { createPatchedCopy, type PatchOperation } from '../../../src/core/pod/patch.ts';

function applyPatchOperation(root: unknown, operation: PatchOperation): unknown {
  const copy = createPatchedCopy(root);
  copy.apply(operation);
  return copy.value();
}

test('an operation changes a copy and shares what it does not touch', () => {
  const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'x' }, { name: 'y' }] } };
  const path = ['spec', 'containers', 1, 'securityContext', 'privileged'];
  const changed = applyPatchOperation(pod, { op: 'add', path, value: false }) as typeof pod;
  expect(changed.spec.containers[1]).toEqual({ name: 'y', securityContext: { privileged: false } });
  expect(pod.spec.containers[1]).toEqual({ name: 'y' });
  expect(changed.metadata).toBe(pod.metadata);
  expect(changed.spec.containers[0]).toBe(pod.spec.containers[0]);
});

test('removing takes a field away and leaves the rest', () => {
  expect(applyPatchOperation({ a: 1, b: 2 }, { op: 'remove', path: ['a'] })).toEqual({ b: 2 });
  expect(applyPatchOperation({ b: 2 }, { op: 'remove', path: ['a'] })).toEqual({ b: 2 });
});

test('a field called __proto__ stays a field', () => {
  const changed = applyPatchOperation({}, { op: 'add', path: ['__proto__', 'polluted'], value: true });
  expect(Object.getPrototypeOf(changed)).toBe(Object.prototype);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('an object 60,000 levels deep is not walked', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}`) as object;
  expect(applyPatchOperation({ deep }, { op: 'add', path: ['b'], value: 1 })).toEqual({ deep, b: 1 });
});

test('several operations on one path copy it once and see each other, and never touch a value they were given', () => {
  const pod = { spec: { containers: [{ name: 'x', securityContext: { a: 1 } }] } };
  const copy = createPatchedCopy(pod);
  const profile = { type: 'RuntimeDefault' };
  const at = ['spec', 'containers', 0, 'securityContext'];
  copy.apply({ op: 'add', path: [...at, 'seccompProfile'], value: profile });
  copy.apply({ op: 'add', path: [...at, 'seccompProfile', 'type'], value: 'Localhost' });
  copy.apply({ op: 'remove', path: [...at, 'a'] });
  copy.apply({ op: 'add', path: [...at, 'b'], value: 2 });
  expect(copy.value()).toEqual({
    spec: { containers: [{ name: 'x', securityContext: { seccompProfile: { type: 'Localhost' }, b: 2 } }] },
  });
  expect(profile).toEqual({ type: 'RuntimeDefault' });
  expect(pod).toEqual({ spec: { containers: [{ name: 'x', securityContext: { a: 1 } }] } });
});
