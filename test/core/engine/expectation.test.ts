import { describe, expect, test } from 'vitest';
import { type Decision, decide, type Finding } from '../../../src/core/engine/decision.ts';
import { compare } from '../../../src/core/engine/expectation.ts';
import type { FieldPath } from '../../../src/core/pod/field-path.ts';
import type { Expectation } from '../../../src/core/policy/policy-test.ts';
import { wordsOf } from '../../../src/core/render/test-result.ts';

const rule = (id: string): Finding['rule'] => ({
  id,
  severity: 'high',
  messages: { unset: { en: 'must be unset', ja: '未設定でなければなりません' } },
});

function finding(id: string, more: Partial<Finding> = {}): Finding {
  const path: FieldPath = ['spec', id];
  return { policy: 'p', mode: 'Enforce', rule: rule(id), violation: { path, message: 'unset' }, path, ...more };
}

const privileged = finding('privileged', { container: 'app', path: ['spec', 'containers', 0, 'a\u0007'] });
const hostPorts = finding('hostPorts', { mode: 'Warn', policy: 'q' });
const failed = finding('sysctls', { error: true });
const both = decide([privileged, hostPorts]);

const statusOf = (decision: Decision, expected: Expectation): string => compare(decision, expected, wordsOf).status;

describe('an exact set', () => {
  test('names every finding, in any order and as often as it likes', () => {
    const findings = [{ rule: 'hostPorts' }, { rule: 'privileged' }, { rule: 'privileged' }];
    expect(statusOf(both, { findings })).toBe('passed');
    expect(statusOf(decide([privileged, privileged, hostPorts]), { findings })).toBe('passed');
    expect(statusOf(decide([]), { findings: [] })).toBe('passed');
  });

  test('fails for one that is missing and for one that is too many', () => {
    const missing = compare(
      decide([privileged]),
      { findings: [{ rule: 'privileged' }, { rule: 'hostPorts' }] },
      wordsOf,
    );
    expect(missing).toMatchObject({ status: 'failed', missing: [{ rule: 'hostPorts' }], unexpected: [] });
    const tooMany = compare(both, { findings: [{ rule: 'privileged' }] }, wordsOf);
    expect(tooMany).toMatchObject({ status: 'failed', missing: [], unexpected: [hostPorts] });
  });
});

describe('includes and excludes', () => {
  test('tolerate what they do not name', () => {
    const comparison = compare(both, { includes: [{ rule: 'privileged' }], excludes: [{ rule: 'sysctls' }] }, wordsOf);
    expect(comparison).toMatchObject({ status: 'passed', tolerated: [hostPorts] });
  });

  test('what is excluded fails even where it is included by another line', () => {
    const expected = { includes: [{ rule: 'privileged' }], excludes: [{ rule: 'privileged', container: 'app' }] };
    expect(compare(both, expected, wordsOf)).toMatchObject({ status: 'failed', unexpected: [privileged] });
  });
});

describe('a finding is meant', () => {
  test.each([
    [{ container: 'app' }, { container: 'other' }],
    [{ policy: 'p' }, { policy: 'q' }],
    [{ mode: 'Enforce' }, { mode: 'Warn' }],
    [{ path: 'spec.containers[0][a\u0007]' }, { path: 'spec.containers[0]' }],
    [{ path: 'spec.containers[0][a\\u0007]' }, { path: 'spec.containers[0].a' }],
    [{ message: 'must be unset' }, { message: 'must be set' }],
    [{ message: 'is unset, must' }, { message: 'Must be unset' }],
    [{ message: '未設定でなければ' }, { message: '設定しなければ' }],
  ] as const)('by %j, and not by %j', (right, wrong) => {
    expect(statusOf(both, { includes: [{ rule: 'privileged', ...right }] })).toBe('passed');
    expect(statusOf(both, { includes: [{ rule: 'privileged', ...wrong }] })).toBe('failed');
  });
});

describe('a finding that is excused', () => {
  const excused = decide([{ ...privileged, exception: { name: 'legacy', expiring: '2027-01-31T00:00:00Z' } }]);

  test('is found all the same, and may be expected by the name of its exception', () => {
    expect(statusOf(excused, { allowed: true, findings: [{ rule: 'privileged', exception: 'legacy' }] })).toBe(
      'passed',
    );
    expect(statusOf(excused, { findings: [] })).toBe('failed');
    expect(statusOf(excused, { excludes: [{ rule: 'privileged' }] })).toBe('failed');
    expect(statusOf(excused, { includes: [{ rule: 'privileged', exception: 'other' }] })).toBe('failed');
    expect(statusOf(both, { includes: [{ rule: 'privileged', exception: 'legacy' }] })).toBe('failed');
  });
});

describe('the verdict', () => {
  test('is compared apart from the findings', () => {
    expect(statusOf(both, { allowed: false })).toBe('passed');
    expect(compare(both, { allowed: true }, wordsOf)).toMatchObject({ status: 'failed', allowedDiffers: true });
    expect(statusOf(decide([hostPorts]), { allowed: true, findings: [{ rule: 'hostPorts' }] })).toBe('passed');
  });
});

describe('a question that was not answered', () => {
  const unanswered = decide([failed]);

  test('is never the expected violation, nor a pass', () => {
    for (const expected of [{ includes: [{ rule: 'sysctls' }] }, { allowed: false }, { findings: [] }]) {
      expect(compare(unanswered, expected, wordsOf)).toMatchObject({ status: 'undecided', undecided: [failed] });
    }
  });

  test('does not hide what fails whatever the answer', () => {
    expect(statusOf(decide([failed, privileged]), { excludes: [{ rule: 'privileged' }] })).toBe('failed');
  });

  test('may lie among findings that were not kept', () => {
    const cut: Decision = { allowed: false, findings: [privileged], truncated: true };
    expect(statusOf(cut, { findings: [{ rule: 'privileged' }] })).toBe('undecided');
  });
});
