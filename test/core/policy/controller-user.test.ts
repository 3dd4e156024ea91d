import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../../src/core/pod/glob.ts';
import { meansController } from '../../../src/core/policy/controller-user.ts';

const controllers = [
  'system:kube-controller-manager',
  ...['a', 'job-controller', 'x.y', '0'].map((name) => `system:serviceaccount:kube-system:${name}`),
];

test('no pattern that matches a controller is taken for one that does not', () => {
  const pieces = ['*', 'system', 'system:', ':', 'serviceaccount', 'kube-', 'kube-system', 'job-controller', 'manager'];
  const pattern = fc.array(fc.constantFrom(...pieces, 'a', '.', '-', 's', 'y'), { maxLength: 9 });
  let matching = 0;
  fc.assert(
    fc.property(pattern, (parts) => {
      const text = parts.join('');
      if (!controllers.some((name) => matchesGlob(text, name))) return;
      matching++;
      expect(meansController(text)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect(matching).toBeGreaterThan(100);
});
