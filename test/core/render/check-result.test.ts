import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/core/engine/decision.ts';
import type { Mode } from '../../../src/core/policy/mode.ts';
import { type CheckOutcome, toCheckResult } from '../../../src/core/render/check-result.ts';
import { alignColumns, displayWidth } from '../../../src/core/render/columns.ts';
import { renderTable } from '../../../src/core/render/table.ts';
import { renderYaml } from '../../../src/core/render/yaml.ts';
import { hostNamespaces } from '../../../src/core/rules/podSecurity/hostNamespaces.ts';

function finding(found: unknown, mode: Mode = 'Enforce', more: Partial<Finding> = {}): Finding {
  const path = ['spec', 'hostPID'];
  return { policy: 'p', mode, rule: hostNamespaces, path, violation: { path, message: 'shared', found }, ...more };
}

function outcome(...findings: readonly Finding[]): CheckOutcome {
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a' };
  const placed = findings.map((each, index) => ({ finding: each, line: index + 1, column: 3 }));
  return { objects: 2, unreadable: 0, violating: [{ file: 'a.yaml', reference, findings: placed }] };
}

const foundIn = (value: unknown): unknown => toCheckResult(outcome(finding(value)), 'en').findings[0]?.found;

describe('the result of a check', () => {
  test('counts findings by mode, and beside them errors and what is excused', () => {
    const mixed = outcome(
      finding(true),
      finding(true, 'Warn'),
      finding(true, 'Audit'),
      finding(undefined, 'Enforce', { error: true }),
      finding(true, 'Enforce', { exception: { name: 'legacy' } }),
    );
    expect(toCheckResult({ ...mixed, unreadable: 2 }, 'en').summary).toEqual({
      objects: 2,
      deny: 2,
      warn: 1,
      audit: 1,
      excused: 1,
      error: 3,
    });
  });

  test('carries small values as they are, and of large ones the beginning as text', () => {
    for (const small of [true, 0, '', null, ['a', { b: 1 }], { c: [] }]) expect(foundIn(small)).toEqual(small);
    expect(toCheckResult(outcome(finding(undefined)), 'en').findings[0]).not.toHaveProperty('found');
    let deep: unknown = [];
    for (let i = 0; i < 60_000; i++) deep = [deep];
    for (const large of ['x'.repeat(2000), Array(100).fill(1), { ['k'.repeat(2000)]: 1 }, deep]) {
      expect(foundIn(large)).toEqual(expect.any(String));
      expect(String(foundIn(large)).length).toBeLessThan(100);
    }
  });

  test('carries what excuses a finding', () => {
    const exception = { name: 'legacy', expiring: '2027-01-31T00:00:00Z' };
    const [excused] = toCheckResult(outcome(finding(true, 'Enforce', { exception })), 'en').findings;
    expect(excused).toMatchObject({ mode: 'Enforce', exception });
    expect(toCheckResult(outcome(finding(true)), 'en').findings[0]).not.toHaveProperty('exception');
  });

  test('cuts and escapes names that no API server would store', () => {
    const base = outcome(finding(true));
    const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: `\u001b${'x'.repeat(1e6)}` };
    const [object] = base.violating;
    const result = toCheckResult({ ...base, violating: object === undefined ? [] : [{ ...object, reference }] }, 'en');
    expect(result.findings[0]?.object.name).toMatch(/^\\u001bx+…$/);
    expect(result.findings[0]?.object.name.length).toBeLessThan(300);
  });

  test('as YAML reads back the same in version 1.1', () => {
    expect(renderYaml({ a: 'yes', b: '1:30', c: true, d: '012' })).toBe('a: "yes"\nb: "1:30"\nc: true\nd: "012"\n');
  });
});

describe('the table', () => {
  test('shows one line for a violation that several policies mind, and names them', () => {
    const text = renderTable(outcome(finding(true), finding(true, 'Enforce', { policy: 'q' })), {
      locale: 'en',
      color: false,
    });
    expect(text).toContain(
      '    a.yaml:1:3  deny  spec.hostPID  is true, must be unset or false  [hostNamespaces · p, q]\n',
    );
    expect(text).toContain(
      'Checked 2 objects: 2 denied, 0 warned of, 0 audited, 0 errors.\nMore: sekisho explain hostNamespaces\n',
    );
  });

  test('says which exception excuses a violation, and when that ends soon', () => {
    const lasting = finding(true, 'Enforce', { exception: { name: 'a' } });
    const expiring = finding(true, 'Warn', { exception: { name: 'b', expiring: '2027-01-31T00:00:00Z' } });
    expect(renderTable(outcome(lasting, expiring), { locale: 'en', color: false }).split('\n')).toEqual([
      'a.yaml',
      '  Pod default/a',
      '    a.yaml:1:3  excused  spec.hostPID  is true, must be unset or false  [hostNamespaces · exception a]',
      '    a.yaml:2:3  excused  spec.hostPID  is true, must be unset or false  [hostNamespaces · exception b ends at 2027-01-31T00:00:00Z]',
      '',
      'Checked 2 objects: no violations. 2 excused.',
      '',
    ]);
    expect(renderTable(outcome(lasting), { locale: 'ja', color: false })).toMatch(
      /例外 {2}spec\.hostPID .* · 例外 a\]\n\n.*違反はありません。例外 1 件。\n$/,
    );
    const mixed = renderTable(outcome(finding(true), lasting), { locale: 'en', color: false });
    expect(mixed).toContain('Checked 2 objects: 1 denied, 0 warned of, 0 audited, 0 errors. 1 excused.\n');
  });

  test('offers no explanation of an error, which no rule describes', () => {
    const error = finding(undefined, 'Enforce', { error: true });
    expect(renderTable(outcome(error), { locale: 'en', color: false })).not.toContain('sekisho explain');
  });

  test('columns line up by what a terminal shows', () => {
    expect(displayWidth('ルール a')).toBe(8);
    expect(
      alignColumns([
        ['ルール', 'x'],
        ['abc', 'y', 'z'],
      ]),
    ).toEqual(['ルール  x', 'abc     y  z']);
  });
});
