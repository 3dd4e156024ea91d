import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { evaluate } from '../../../src/core/engine/assess.ts';
import { denies } from '../../../src/core/engine/decision.ts';
import type { Judgement } from '../../../src/core/engine/judge.ts';
import { type ObjectRepair, repairObject } from '../../../src/core/engine/repair-object.ts';
import { valueAt } from '../../../src/core/pod/field-path.ts';
import { createPatchedCopy } from '../../../src/core/pod/patch.ts';
import { podViewOf } from '../../../src/core/pod/workload.ts';
import type { BoundRule } from '../../../src/core/policy/bound-rule.ts';
import { noExceptions } from '../../../src/core/policy/exceptions.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { defineRule, type Rule } from '../../../src/core/rules/rule.ts';
import { type Json, podWith, workloadNamed } from '../../admission-requests.ts';

const texts = { en: 'is wrong', ja: '正しくありません' };

/** A rule that wants a field of the pod's spec to have a value, and sets it together with others. */
function wants(field: string, value: unknown, also: Readonly<Record<string, unknown>> = {}): BoundRule {
  const rule: Rule = defineRule({
    id: `wants-${field}-${String(value)}`,
    severity: 'high',
    references: {},
    title: texts,
    why: texts,
    fix: texts,
    messages: { wrong: texts },
    params: z.strictObject({}),
    check(pod, { report }) {
      const found = valueAt(pod.spec, [field]);
      if (found !== value) report({ path: ['spec', field], message: 'wrong', found });
    },
    *repair() {
      yield { op: 'add', path: ['spec', field], value };
      for (const [other, set] of Object.entries(also)) yield { op: 'add', path: ['spec', other], value: set };
    },
    examples: { allowed: [{}], violating: [{ violates: [] }] },
  });
  return { policy: 'p', rule, version: rule.versions[0], params: {}, mode: 'Enforce', exclusions: [] };
}

const workload = workloadNamed('Pod');
const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' };

function repair(
  rules: readonly BoundRule[],
  spec: Json,
  forbidden?: string,
): ObjectRepair & { readonly spec: unknown } {
  const object = podWith(spec);
  const asked = { rules, exceptions: noExceptions };
  const pod = podViewOf(object, workload, reference);
  if (pod === undefined) throw new Error('no pod');
  const judgement: Judgement = {
    decision: evaluate(pod, asked, noFacts),
    pod,
    asked,
    enforced: '',
    messages: new Map(),
  };
  const permits = (operations: readonly { path: readonly unknown[] }[]): boolean =>
    operations.every(({ path }) => path[1] !== forbidden);
  const repaired = repairObject({ object, workload, reference }, judgement, { minds: denies, permits });
  const copy = createPatchedCopy(object);
  for (const operation of repaired?.operations ?? []) copy.apply(operation);
  return { operations: [], satisfied: 0, ...repaired, spec: valueAt(copy.value(), ['spec']) };
}

describe('the repair of an object', () => {
  test('is that of all its violations together', () => {
    const { satisfied, spec } = repair([wants('a', 1), wants('b', 2)], { a: 0 });
    expect([satisfied, spec]).toEqual([2, expect.objectContaining({ a: 1, b: 2 })]);
  });

  test('where all together make a new violation, is that of those that make none', () => {
    const breaks = wants('a', 1, { c: 'broken' });
    const { satisfied, spec } = repair([breaks, wants('b', 2), wants('c', 3)], { c: 3 });
    expect([satisfied, spec]).toEqual([1, expect.objectContaining({ b: 2, c: 3 })]);
    expect(spec).not.toHaveProperty('a');
  });

  test('goes on where one repair makes the next possible', () => {
    // `b` breaks `c` unless `c` was set after it.
    const rules = [wants('a', 1), wants('b', 2, { c: 0 }), wants('c', 3)];
    const { satisfied, spec } = repair(rules, { a: 0, b: 0, c: 0 });
    expect([satisfied, spec]).toEqual([3, expect.objectContaining({ a: 1, b: 2, c: 3 })]);
  });

  test('leaves out what cannot be written, and all that goes with it', () => {
    const { satisfied, spec } = repair([wants('a', 1, { d: 4 }), wants('b', 2)], {}, 'd');
    expect([satisfied, spec]).toEqual([1, expect.objectContaining({ b: 2 })]);
    expect(spec).not.toHaveProperty('a');
  });

  test('is none where two rules want opposite things', () => {
    const { operations, satisfied } = repair([wants('a', 1), wants('a', 2)], { a: 1 });
    expect([operations, satisfied]).toEqual([[], 0]);
  });
});
