import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestResult } from '../../src/core/render/test-result.ts';
import { type Finished, run } from './running-sekisho.ts';

const root = join(import.meta.dirname, '..', '..');
const head = 'apiVersion: sekisho.dev/v1alpha1\nkind: PolicyTest\n';
const pod = (name: string, spec: string): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {containers: [{name: app, image: a}]${spec}}}`;

const files = {
  'policies/soft.yaml':
    'apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: soft}\n' +
    'spec: {mode: Warn, match: {namespaces: {include: [shop]}}, podSecurity: {level: baseline}}\n',
  'policies/beside.sekisho-test.yaml': `${head}policies: [.]
cases:
- {name: by name and namespace, object: "../pods.yaml#Pod/shop/bad", expect: {findings: []}}
- name: warned
  namespace: shop
  object: ${pod('a', ', hostPID: true')}
  expect: {allowed: true, findings: [{rule: hostNamespaces, mode: Warn, policy: soft}]}
`,
  'pods.yaml': `${pod('good', '')}\n---\n${pod('bad', ', hostPID: true')}\n---\n${pod('bad', '').replace('name: bad', 'name: bad, namespace: shop')}\n`,
  'bad.yaml': pod('bad', ', hostPID: true'),
  'idle.yaml': `${head}policies: [policies/soft.yaml]
cases:
- {name: elsewhere, object: "pods.yaml#Pod/good", expect: {allowed: true}}
`,
  'wrong.yaml': `${head}policies: [builtin:baseline]
cases:
- name: good
  object: pods.yaml#Pod/good
  expect: {findings: []}
- name: hoped to be denied for its port
  object: bad.yaml
  namespace: lab
  expect:
    allowed: true
    findings: [{rule: hostPorts, path: "spec.containers[0].ports[0].hostPort", message: must be unset}]
`,
  'undecided.yaml': `${head}policies: [builtin:baseline]
cases:
- {name: no pod, object: {apiVersion: v1, kind: Pod, metadata: {name: odd}, spec: {containers: {}}}, expect: {allowed: false}}
`,
  'malformed.yaml': `${head}policies: [builtin:baseline]
cases:
- name: said so
  object: {apiVersion: v1, kind: Pod, metadata: {name: odd}, spec: {containers: {}}}
  expect: {findings: [{rule: malformedPod}]}
`,
  'broken-references.yaml': `${head}policies: [builtin:baseline]
cases:
- {name: fine, object: "pods.yaml#Pod/good", expect: {allowed: true}}
- {name: no file, object: nowhere.yaml, expect: {allowed: true}}
- {name: no such object, object: "pods.yaml#Pod/web", expect: {allowed: true}}
- {name: two, object: "pods.yaml#Pod/bad", expect: {allowed: true}}
- {name: three, object: pods.yaml, expect: {allowed: true}}
- {name: service, object: {apiVersion: v1, kind: Service}, expect: {allowed: true}}
- {name: kindless, object: {apiVersion: v1}, expect: {allowed: true}}
- {name: list, object: {apiVersion: v1, kind: List, items: []}, expect: {allowed: true}}
- {name: old, object: "pods.yaml#Pod/good", oldObject: {apiVersion: apps/v1, kind: Deployment}, expect: {allowed: true}}
- {name: dash, object: "-", expect: {allowed: true}}
`,
  'hostile.yaml': `${head}policies: [builtin:baseline]
cases:
- name: "\\e[31m<&\\"'>\\u202e]]>\\ufffe"
  object:
    apiVersion: v1
    kind: Pod
    metadata: {name: "${'<&>'.repeat(400_000)}"}
    spec:
      containers: [{name: "\\e[2J", image: "${'x'.repeat(1_000_000)}", ports: [{hostPort: 80}]}]
      __proto__: {hostPID: true}
      hostNetwork: "${'é'.repeat(500_000)}"
  expect: {allowed: true, excludes: [{rule: hostPorts, message: "hostPort\\0"}]}
`,
  'no-policy.yaml': `${head}policies: [builtin:baseline, nowhere.yaml]
cases: [{name: a, object: "pods.yaml#Pod/good", expect: {allowed: true}}]
`,
  'other.yaml': 'apiVersion: v1\nkind: ConfigMap\n',
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-test-'));
  mkdirSync(join(folder, 'policies'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const testing = (name: keyof typeof files, ...args: readonly string[]): Promise<Finished> =>
  run(['test', at(name), ...args]);

describe('sekisho test', () => {
  test('the worked example is green, from wherever it is tested', async () => {
    const { code, stdout, stderr } = await run(['test', join(root, 'examples')]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^✓ .*policy\.sekisho-test\.yaml {2}6 cases\n\n6 cases in 1 file: 6 passed, 0 failed, 0 und/,
    );
  });

  test('shows what was expected and what was found as a diff, and exits 1', async () => {
    const { code, stdout, stderr } = await testing('wrong.yaml');
    expect(stdout.split('\n')).toEqual([
      `✗ ${at('wrong.yaml')}  2 cases`,
      `  ✗ hoped to be denied for its port  Pod lab/bad  ${at('wrong.yaml')}:8:3`,
      '      - allowed: true',
      '      + allowed: false',
      '      - hostPorts  spec.containers[0].ports[0].hostPort  … must be unset …',
      '      + hostNamespaces  spec.hostPID  Enforce  is true, must be unset or false  [builtin:baseline]',
      '',
      '2 cases in 1 file: 1 passed, 1 failed, 0 undecided.',
      '',
    ]);
    expect([code, stderr]).toEqual([1, '']);
  });

  test('-o json is what programs rely on', async () => {
    const { code, stdout } = await testing('wrong.yaml', '-o', 'json');
    const result = JSON.parse(stdout) as TestResult;
    const found = {
      rule: 'hostNamespaces',
      path: 'spec.hostPID',
      policy: 'builtin:baseline',
      mode: 'Enforce',
      message: 'is true, must be unset or false',
    };
    const missing = { rule: 'hostPorts', path: 'spec.containers[0].ports[0].hostPort', message: 'must be unset' };
    expect(code).toBe(1);
    expect(result).toEqual({
      apiVersion: 'sekisho.dev/v1alpha1',
      kind: 'TestResult',
      summary: { files: 1, cases: 2, passed: 1, failed: 1, undecided: 0, unreadable: 0 },
      cases: [
        expect.objectContaining({ name: 'good', status: 'passed', line: 5, column: 3 }),
        {
          file: at('wrong.yaml'),
          line: 8,
          column: 3,
          name: 'hoped to be denied for its port',
          object: { apiVersion: 'v1', kind: 'Pod', namespace: 'lab', name: 'bad' },
          status: 'failed',
          expected: { allowed: true, findings: [missing] },
          found: { allowed: false, findings: [found] },
          missing: [missing],
          unexpected: [found],
        },
      ],
      problems: [],
    });
  });

  test('-o junit has a suite for each file, and in it a case for each verdict and rule', async () => {
    const { code, stdout } = await testing('wrong.yaml', '-o', 'junit');
    const file = at('wrong.yaml');
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="sekisho test" tests="4" failures="3" errors="0" skipped="0">',
      `  <testsuite name="${file}" tests="4" failures="3" errors="0" skipped="0">`,
      `    <testcase classname="good" name="Pod default/good: nothing else" file="${file}" line="5"/>`,
      expect.stringMatching(/<testcase classname="hoped .* name="Pod lab\/bad: allowed" .* line="8">/),
      '      <failure message="- allowed: true; + allowed: false">- allowed: true',
      '+ allowed: false</failure>',
      '    </testcase>',
      expect.stringContaining('name="Pod lab/bad: hostPorts"'),
      expect.stringContaining('<failure message="- hostPorts'),
      '    </testcase>',
      expect.stringContaining('name="Pod lab/bad: nothing else"'),
      expect.stringContaining('<failure message="+ hostNamespaces'),
      '    </testcase>',
      '  </testsuite>',
      '</testsuites>',
      '',
    ]);
  });

  test('in Japanese it says the same, and a test that quotes a message is still the same test', async () => {
    const english = await run(['test', join(root, 'examples')]);
    const japanese = await run(['--lang', 'ja', 'test', join(root, 'examples')]);
    expect([english.code, japanese.code]).toEqual([0, 0]);
    expect(japanese.stdout).toContain('1 ファイルのテスト 6 件: 成功 6 件、失敗 0 件、判定不能 0 件。');
    expect((await testing('wrong.yaml', '--lang', 'ja')).stdout).toContain('spec.hostPID  Enforce  は true です');
  });

  test('colours only what a terminal shows, unless it is told to', async () => {
    expect((await testing('wrong.yaml')).stdout).not.toContain('\u001b');
    const coloured = await run(['test', at('wrong.yaml')], { FORCE_COLOR: '1' });
    expect(coloured.stdout).toContain('\u001b[31m✗\u001b[0m');
    const junit = await run(['test', at('wrong.yaml'), '-o', 'junit'], { FORCE_COLOR: '1' });
    expect(junit.stdout).not.toContain('\u001b');
  });

  test('a question that could not be answered exits 3, even where the verdict is the expected one', async () => {
    const { code, stdout } = await testing('undecided.yaml');
    expect(code).toBe(3);
    expect(stdout).toContain('? malformedPod  Enforce  the pod cannot be read: spec.containers must be a list');
    expect((await testing('undecided.yaml', '-o', 'junit')).stdout).toContain('failures="0" errors="1"');
    expect((await testing('malformed.yaml')).code, 'unless the case expects just that').toBe(0);
  });

  test('a policy that has a say in none of the cases is warned of', async () => {
    const { code, stderr } = await testing('idle.yaml');
    const place = `${at('idle.yaml')}:3:1`;
    expect(stderr).toBe(`sekisho: warning: ${place}: the policy soft has a say in none of the cases\n`);
    expect(code).toBe(0);
  });

  test('a folder of policies may hold their tests, and is searched for tests by their names alone', async () => {
    const { code, stdout, stderr } = await run(['test', folder, at('policies/beside.sekisho-test.yaml')]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('2 cases in 1 file: 2 passed');
  });
});

describe('what cannot be tested exits 2 and says where', () => {
  test('each object that cannot be found; the other cases are tested all the same', async () => {
    const { code, stdout, stderr } = await testing('broken-references.yaml');
    const file = at('broken-references.yaml');
    const there = 'it holds Pod/good, Pod/bad, Pod/shop/bad';
    expect(stderr.split('\n')).toEqual([
      `sekisho: ${file}:6:19: cases[1].object: ${at('nowhere.yaml')}: cannot be read: ENOENT: no such file or directory`,
      `sekisho: ${file}:7:26: cases[2].object: pods.yaml holds no Pod/web: ${there}`,
      `sekisho: ${file}:8:15: cases[3].object: pods.yaml holds more than one Pod/bad: ${there}`,
      `sekisho: ${file}:9:17: cases[4].object: pods.yaml must hold one object, or one be named by #Kind/name: ${there}`,
      `sekisho: ${file}:10:19: cases[5].object: v1 Service is neither a pod nor a template of one: it is never judged`,
      `sekisho: ${file}:11:20: cases[6].object: is no Kubernetes object: kind is missing`,
      `sekisho: ${file}:12:16: cases[7].object: must be one object, not a list`,
      `sekisho: ${file}:13:45: cases[8].oldObject: must be a Pod as object is: an update keeps the kind`,
      `sekisho: ${file}:14:16: cases[9].object: ${at('-')}: cannot be read: ENOENT: no such file or directory`,
      '',
    ]);
    expect(stdout).toContain(
      '1 case in 1 file: 1 passed, 0 failed, 0 undecided. 9 problems kept tests from being run.',
    );
    expect(code).toBe(2);
  });

  test('nor does JUnit call it a pass', async () => {
    const { code, stdout } = await testing('no-policy.yaml', '-o', 'junit');
    expect(code).toBe(2);
    expect(stdout).toContain('tests="1" failures="0" errors="1"');
    expect(stdout).toMatch(/<error message=".*no-policy\.yaml:3:1: policies: .*nowhere\.yaml: cannot be read/);
  });

  test('a file without a test, a folder without a file, standard input, nothing', async () => {
    const { code, stderr } = await testing('other.yaml');
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${at('other.yaml')}:1:1: apiVersion: `)]);
    const source = join(root, 'src');
    const bare = await run(['test', source]);
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining(`${source}: holds no test (*.sekisho-test.`)]);
    expect((await run(['test', '-'])).stderr).toContain('./-: cannot be read');
    expect((await run(['test'])).code).toBe(2);
  });
});

test('control characters and megabytes reach neither terminal nor report', async () => {
  const table = await testing('hostile.yaml');
  expect([table.code, table.stderr]).toEqual([1, '']);
  expect(table.stdout).toContain(`✗ \\u001b[31m<&"'>\\u202e]]>\\ufffe  Pod default/<&>`);
  expect(table.stdout).toContain('hostNetwork');
  expect(table.stdout).not.toMatch(/hostPID/);
  const junit = await testing('hostile.yaml', '-o', 'junit');
  expect(junit.stdout).toContain('classname="\\u001b[31m&lt;&amp;&quot;&apos;&gt;\\u202e]]&gt;\\ufffe"');
  for (const { stdout } of [table, junit, await testing('hostile.yaml', '-o', 'json')]) {
    expect(stdout.length).toBeLessThan(20_000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\u202e\ufffe]/);
  }
});

test('1,000 cases are tested in one go', async () => {
  const object = pod('web', ', hostPID: true');
  const cases = Array.from(
    { length: 1000 },
    (_, index) => `- {name: case ${index}, object: ${object}, expect: {includes: [{rule: hostNamespaces}]}}\n`,
  );
  writeFileSync(at('many.yaml'), `${head}policies: [builtin:restricted]\ncases:\n${cases.join('')}`);
  const { code, stdout } = await run(['test', at('many.yaml')]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('1000 cases in 1 file: 1000 passed')]);
});
