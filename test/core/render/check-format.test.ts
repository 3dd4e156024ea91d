import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Finding } from '../../../src/core/engine/decision.ts';
import { jsonFormat, yamlFormat } from '../../../src/core/render/check-documents.ts';
import { renderOutcome } from '../../../src/core/render/check-format.ts';
import { type CheckedObject, type CheckOutcome, toCheckResult } from '../../../src/core/render/check-result.ts';
import { renderJson } from '../../../src/core/render/json.ts';
import { tableFormat } from '../../../src/core/render/table.ts';
import { renderYaml } from '../../../src/core/render/yaml.ts';
import { hostNamespaces } from '../../../src/core/rules/podSecurity/hostNamespaces.ts';

function object(file: string, name: string, more: Partial<CheckedObject> = {}): CheckedObject {
  const path = ['spec', 'hostPID'];
  const finding = (found: unknown): Finding => ({
    policy: 'p',
    mode: 'Enforce',
    rule: hostNamespaces,
    path,
    violation: { path, message: 'shared', found },
  });
  const found = [true, 'two\n\n  lines\n', { a: [1, {}] }];
  const findings = found.map((each, index) => ({ finding: finding(each), line: index + 1, column: 3 }));
  return { file, reference: { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name }, findings, ...more };
}

const outcomes: Readonly<Record<string, CheckOutcome>> = {
  nothing: { objects: 3, unreadable: 1, violating: [] },
  one: { objects: 1, unreadable: 0, violating: [object('a.yaml', 'a')] },
  several: {
    objects: 3,
    unreadable: 0,
    violating: [
      object('a.yaml', 'a'),
      object('a.yaml', 'b', { template: 'web/templates/\u001b.yaml' }),
      object('charts/web', 'c', { rendered: true }),
    ],
  },
};

describe.each(Object.entries(outcomes))('what is printed piece by piece, of %s,', (_, outcome) => {
  test('is as JSON what is printed at once', () => {
    expect(renderOutcome(jsonFormat('en'), outcome)).toBe(renderJson(toCheckResult(outcome, 'en')));
  });

  test('is as YAML what is printed at once', () => {
    const text = renderOutcome(yamlFormat('ja', renderYaml), outcome);
    expect(text).toBe(renderYaml(toCheckResult(outcome, 'ja')));
    expect(parse(text)).toEqual(toCheckResult(outcome, 'ja'));
  });
});

describe('what was rendered', () => {
  const violating = [
    object('rendered.yaml', 'a', { template: 'web/templates/pod.yaml' }),
    object('charts/web', 'b', { template: 'web/templates/pod.yaml', rendered: true }),
    object('overlays/prod', 'c', { rendered: true }),
    object('plain.yaml', 'd'),
  ];

  test('has in the table the template and the line of what was rendered', () => {
    const text = renderOutcome(tableFormat({ locale: 'en', color: false, naming: true }), {
      objects: 4,
      unreadable: 0,
      violating,
    });
    const lines = text.split('\n').filter((line) => line.includes('is true'));
    expect(lines).toEqual([
      expect.stringMatching(/^ {4}web\/templates\/pod.yaml \(rendered line 1\) {2}deny .* {2}\[hostNamespaces · p\]$/),
      expect.stringMatching(/^ {4}web\/templates\/pod.yaml \(rendered line 1\) {2}deny /),
      expect.stringMatching(/^ {4}overlays\/prod \(rendered line 1\) {2}deny /),
      expect.stringMatching(/^ {4}plain.yaml:1:3 {2}deny /),
    ]);
    expect(
      text
        .split('\n')
        .filter((line) => /^\S/.test(line))
        .slice(0, 4),
    ).toEqual(['rendered.yaml', 'charts/web', 'overlays/prod', 'plain.yaml']);
  });

  test('says for programs which file its line is of', () => {
    const { findings } = toCheckResult({ objects: 4, unreadable: 0, violating }, 'en');
    const first = findings.filter(({ line }) => line === 1);
    expect(first.map(({ file, source, rendered }) => ({ file, source, rendered }))).toEqual([
      { file: 'rendered.yaml', source: 'web/templates/pod.yaml', rendered: undefined },
      { file: 'charts/web', source: 'web/templates/pod.yaml', rendered: true },
      { file: 'overlays/prod', source: undefined, rendered: true },
      { file: 'plain.yaml', source: undefined, rendered: undefined },
    ]);
    expect(Object.keys(first[3] ?? {})).not.toContain('source');
  });
});
