import { describe, expect, test } from 'vitest';
import { heldRecord, nextStep, observe, releasedRecord, standardTiming } from '../../../src/io/lease/election.ts';
import { type LeaseRecord, recordOf, withRecord } from '../../../src/io/lease/lease.ts';

const me = { identity: 'me', timing: standardTiming };
const wall = new Date('2026-03-01T12:00:00.123Z');
const held: LeaseRecord = { holder: 'other', leaseDurationSeconds: 15, renewTime: 'x', leaseTransitions: 3 };
const seen = (record: LeaseRecord, since = 1_000) => ({ record, since });

describe('a lease', () => {
  test.each([
    ['that nobody holds is taken', { holder: '', leaseTransitions: 0 }, 1_000, { step: 'write' }],
    ['that is ours is renewed, however old', { ...held, holder: 'me' }, 900_000, { step: 'write' }],
    ['of another is waited for', held, 15_999, { step: 'wait', until: 16_000 }],
    ['of another that did not change for its duration is taken', held, 16_000, { step: 'write' }],
    [
      'of another lasts as long as its holder says',
      { ...held, leaseDurationSeconds: 60 },
      60_999,
      { step: 'wait', until: 61_000 },
    ],
    [
      'without a duration lasts as long as ours',
      { holder: 'other', leaseTransitions: 0 },
      15_999,
      { step: 'wait', until: 16_000 },
    ],
  ] as const)('%s', (...[, record, now, expected]) => {
    expect(nextStep(seen(record), me, now)).toEqual(expected);
  });

  test('is as old as our own sight of it, whatever it says of time', () => {
    const first = observe(undefined, { ...held, renewTime: '1999-01-01T00:00:00.000000Z' }, 5_000);
    expect(first.since).toBe(5_000);
    expect(observe(first, { ...first.record }, 9_000).since).toBe(5_000);
    expect(observe(first, { ...held, renewTime: '2099-01-01T00:00:00.000000Z' }, 9_000).since).toBe(9_000);
    expect(observe(first, { ...first.record, holder: 'third' }, 9_000).since).toBe(9_000);
  });

  test('when taken has a new term and one transition more; when renewed only another time', () => {
    const taken = heldRecord(held, me, wall);
    expect(taken).toEqual({
      holder: 'me',
      leaseDurationSeconds: 15,
      acquireTime: '2026-03-01T12:00:00.123000Z',
      renewTime: '2026-03-01T12:00:00.123000Z',
      leaseTransitions: 4,
    });
    const later = new Date(wall.getTime() + 2_000);
    expect(heldRecord(taken, me, later)).toEqual({ ...taken, renewTime: '2026-03-01T12:00:02.123000Z' });
  });

  test('when given back is nobody’s, for a second', () => {
    expect(releasedRecord({ ...held, holder: 'me' }, wall)).toMatchObject({
      holder: '',
      leaseDurationSeconds: 1,
      leaseTransitions: 3,
    });
  });
});

describe('the object', () => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', resourceVersion: '7' } };

  test.each([
    ['without a spec', undefined],
    ['with an empty spec', {}],
    [
      'with fields of wrong types',
      { holderIdentity: 7, leaseDurationSeconds: '15', leaseTransitions: -1, renewTime: {} },
    ],
    ['with a duration of nothing', { leaseDurationSeconds: 0 }],
  ])('%s is held by nobody', (_what, spec) => {
    expect(recordOf({ ...lease, spec })).toEqual({ holder: '', leaseTransitions: 0 });
  });

  test('keeps everything but its spec, and its version fences the write', () => {
    const written = withRecord({ ...lease, spec: { strategy: 'x' } }, heldRecord(recordOf(lease), me, wall));
    expect(written).toMatchObject({ ...lease, spec: { holderIdentity: 'me' } });
    expect(recordOf(written)).toMatchObject({ holder: 'me', leaseTransitions: 1 });
    expect(written['spec']).not.toHaveProperty('holder');
  });
});
