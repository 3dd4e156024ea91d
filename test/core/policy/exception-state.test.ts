import { expect, test } from 'vitest';
import { exceptionState, momentsOf } from '../../../src/core/policy/exception-state.ts';
import { acceptanceOf } from '../../../src/core/policy/exceptions.ts';
import { apiVersion } from '../../../src/core/policy/pod-policy.ts';
import { podPolicyExceptionSchema } from '../../../src/core/policy/pod-policy-exception.ts';

const day = 24 * 3_600_000;
const expiresAt = '2027-01-31T00:00:00Z';
const end = Date.parse(expiresAt);
const exception = podPolicyExceptionSchema.parse({
  apiVersion,
  kind: 'PodPolicyException',
  metadata: { name: 'x' },
  spec: { policies: [{ name: 'production', rules: ['privileged'] }], match: {}, reason: 'why', expiresAt },
});

test('an exception is refused, active, expiring and expired, and changes only at its moments', () => {
  const terms = { policies: new Set(['production']), maxDuration: 90 * day };
  const stateAt = (now: number) => exceptionState(acceptanceOf(exception, { ...terms, now }), expiresAt, now);
  const [start = 0, near = 0, last = 0] = momentsOf(expiresAt, terms.maxDuration);
  expect([end - start, end - near, end - last]).toEqual([90 * day, 7 * day, 0]);
  const around = [start, near, last].map((moment) => [stateAt(moment - 1), stateAt(moment)]);
  expect(around).toEqual([
    ['refused', 'active'],
    ['active', 'expiring'],
    ['expiring', 'expired'],
  ]);
});

test('one that names nobody is refused until it is expired', () => {
  const stateAt = (now: number) =>
    exceptionState(acceptanceOf(exception, { policies: new Set(), now }), expiresAt, now);
  expect([stateAt(end - 1), stateAt(end)]).toEqual(['refused', 'expired']);
});
