import { describe, expect, test } from 'vitest';
import type { Acceptance } from '../../../src/core/policy/exceptions.ts';
import {
  exceptionConditions,
  type Judged,
  type Moment,
  nextStatus,
  parseObjectStatus,
  policyConditions,
} from '../../../src/core/policy/status-conditions.ts';

const good = { issues: [], nameTaken: false, overlaps: 0 };
const [first, later] = ['2026-11-22T10:00:00Z', '2026-11-22T11:00:00Z'];
const brief = (conditions: readonly { type: string; status: string; reason: string }[]) =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

describe('a policy', () => {
  test('that can be used is Ready', () => {
    expect(brief(policyConditions(good))).toEqual(['Ready=True Compiled', 'Overlaps=False NoOther']);
  });

  test('that shares namespaces says with how many, and of many not how many', () => {
    const messageOf = (overlaps: number) => policyConditions({ ...good, overlaps })[1]?.message;
    expect(brief(policyConditions({ ...good, overlaps: 1 }))).toContain('Overlaps=True SameNamespaces');
    expect(messageOf(1)).toMatch(/^1 other policy may/);
    expect(messageOf(9)).toMatch(/^9 other policies may/);
    expect(messageOf(10)).toMatch(/^10 or more other policies may/);
  });

  test('that is broken names the first three fields and counts the others', () => {
    const issues = ['a', 'b', 'c', 'd', 'e'].map((key) => ({ path: ['spec', key], message: 'is not a known field' }));
    const conditions = policyConditions({ ...good, issues });
    expect(brief(conditions)).toEqual(['Ready=False Invalid', 'Overlaps=Unknown NotReady']);
    const field = 'is not a known field';
    expect(conditions[0]?.message).toBe(`spec.a: ${field}; spec.b: ${field}; spec.c: ${field}; and 2 more`);
  });

  test('whose name a file has says so, whatever else is wrong with it', () => {
    const issues = [{ path: [], message: 'is empty' }];
    expect(brief(policyConditions({ issues, nameTaken: true, overlaps: 3 }))).toEqual([
      'Ready=False NameTaken',
      'Overlaps=Unknown NotReady',
    ]);
  });
});

describe('an exception', () => {
  const accepted: Acceptance = { accepted: true, reason: 'Accepted', unknown: [], broad: false };

  test('that has an effect is Accepted, and Broad where no digest binds it', () => {
    expect(brief(exceptionConditions(accepted))).toEqual(['Accepted=True Accepted', 'Broad=False BoundByDigest']);
    expect(brief(exceptionConditions({ ...accepted, broad: true }))[1]).toBe('Broad=True NotBoundByDigest');
  });

  test('that has none says why, in at most 1,024 characters', () => {
    const unknown = Array.from({ length: 500 }, (_, index) => `policy-${index}`);
    const [told] = exceptionConditions({ ...accepted, accepted: false, reason: 'UnknownPolicy', unknown });
    expect(told).toMatchObject({ type: 'Accepted', status: 'False', reason: 'UnknownPolicy' });
    expect(told?.message).toContain('there is no policy policy-0, policy-1');
    expect(told?.message).toHaveLength(1_024);
  });

  test('that cannot be read names the field', () => {
    const conditions = exceptionConditions({ issues: [{ path: ['spec', 'expiresAt'], message: 'must be a moment' }] });
    expect(brief(conditions)).toEqual(['Accepted=False Invalid', 'Broad=Unknown Invalid']);
    expect(conditions[0]?.message).toBe('spec.expiresAt: must be a moment');
  });
});

describe('a status', () => {
  const judged = policyConditions(good);
  const write = (generation: number, now: string, before?: unknown) => rewrite(before, judged, { generation, now });
  const rewrite = (before: unknown, said: readonly Judged[], moment: Moment) =>
    nextStatus(parseObjectStatus(before), said, moment);

  test('is written once, and again only when something else is to be said', () => {
    const status = write(3, first);
    expect(status).toMatchObject({ observedGeneration: 3, conditions: [{ observedGeneration: 3 }, {}] });
    expect(write(3, later, status)).toBeUndefined();
    expect(write(4, later, status)).toMatchObject({ observedGeneration: 4 });
    const shared = policyConditions({ ...good, overlaps: 1 });
    expect(rewrite(status, shared, { generation: 3, now: later })).toBeDefined();
  });

  test('keeps the time of a condition as long as its status is the same, whatever its words', () => {
    const overlapping = (overlaps: number) => policyConditions({ ...good, overlaps });
    const before = rewrite(undefined, overlapping(1), { generation: 3, now: first });
    const timesAfter = (said: readonly Judged[]) => times(rewrite(before, said, { generation: 4, now: later }));
    const times = (status: ReturnType<typeof write>) =>
      status?.conditions.map(({ lastTransitionTime }) => lastTransitionTime);
    expect(timesAfter(overlapping(2))).toEqual([first, first]);
    expect(timesAfter(overlapping(0))).toEqual([first, later]);
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'Ready'],
    ['conditions that are none', { observedGeneration: 3, conditions: [{ type: 'Ready', status: 'Perhaps' }] }],
    ['a condition more', { ...write(3, first), conditions: [...(write(3, first)?.conditions ?? []), {}] }],
    ['no generation', { conditions: write(3, first)?.conditions }],
  ])('of %s is written anew', (_what, before) => {
    expect(write(3, later, before)).toMatchObject({ observedGeneration: 3, conditions: [{ type: 'Ready' }, {}] });
  });
});
