import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { jsonSchemaOf } from '../../src/core/policy/json-schema.ts';
import { kinds } from '../../src/core/policy/kinds.ts';
import { feed } from './feeding-sekisho.ts';
import { run } from './running-sekisho.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

const good = `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata: { name: production }
spec:
  podSecurity: { level: baseline }
`;
const doubtful = `${good.replace('production', 'doubtful')}  match:
    namespaces: { include: [kube-system], exclude: ["kube-*"] }
`;
const bad = `# comes first
apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata: { name: bad }
spec:
  mod: Warn
  match: { users: { exclude: [admin, "system:*"] } }
`;

const controllers =
  'means controllers of kube-system, and so everybody whose pods they make: name others, or set allowControllers: true';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-lint-'));
  const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n';
  await writeFile(file('good.yaml'), `${deployment}---\n${good}`);
  await writeFile(file('doubtful.yaml'), doubtful);
  await writeFile(file('bad.yaml'), bad);
  await writeFile(file('x.sekisho-test.yaml'), 'kind: PolicyTest\napiVersion: sekisho.dev/v1alpha1\n');
});

describe('sekisho policy lint', () => {
  test('says that there is nothing to say', async () => {
    expect(await run(['policy', 'lint', file('good.yaml')])).toEqual({
      code: 0,
      stdout: '0 errors, 0 warnings in 1 document.\n',
      stderr: '',
    });
  });

  test('names file, line, column and field of what is refused, in the words of the strict parser, and exits 2', async () => {
    const { code, stdout } = await run(['policy', 'lint', file('bad.yaml')]);
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      `${file('bad.yaml')}:6:3   error  spec.mod: is not a known field`,
      `${file('bad.yaml')}:7:38  error  spec.match.users.exclude[1]: ${controllers}`,
      '',
      '2 errors, 0 warnings in 1 document.',
      '',
    ]);
    const served = await run(['check', file('good.yaml'), '--policy', file('bad.yaml')]);
    expect(served.stderr).toContain('bad.yaml:6:3: spec.mod: is not a known field');
    expect(served.stderr).toContain(`bad.yaml:7:38: spec.match.users.exclude[1]: ${controllers}`);
  });

  test('warns of what is valid and doubtful, and exits 1 only with --strict', async () => {
    const lenient = await run(['policy', 'lint', file('doubtful.yaml')]);
    expect(lenient.code).toBe(0);
    expect(lenient.stdout).toContain(
      `${file('doubtful.yaml')}:7:19  warning  spec.match.namespaces.include: is excluded again`,
    );
    expect((await run(['policy', 'lint', '--strict', file('doubtful.yaml')])).code).toBe(1);
  });

  test('reads a folder without its tests, and is JSON for programs', async () => {
    const { code, stdout } = await run(['policy', 'lint', folder, '-o', 'json']);
    expect(code).toBe(2);
    const { kind, summary, remarks } = JSON.parse(stdout);
    expect({ kind, summary }).toEqual({ kind: 'LintResult', summary: { documents: 3, errors: 2, warnings: 1 } });
    expect(remarks).toEqual([
      {
        severity: 'error',
        file: file('bad.yaml'),
        line: 6,
        column: 3,
        object: 'PodPolicy/bad',
        field: 'spec.mod',
        message: 'is not a known field',
      },
      expect.objectContaining({ severity: 'error', line: 7, column: 38, message: controllers }),
      expect.objectContaining({ severity: 'warning', field: 'spec.match.namespaces.include', reason: 'NeverMatches' }),
    ]);
  });

  test('reads from standard input what kubectl prints', async () => {
    const item = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'a' }, spec: { mode: 1 } };
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item] }, undefined, 2);
    const { code, stdout } = await feed(['policy', 'lint', '-'], list);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^-:\d+:\d+ +error +spec\.mode: /);
  });

  test('refuses two policies of one name, naming both places', async () => {
    const { code, stdout } = await feed(['policy', 'lint', '-'], `${good}---\n${good}`);
    expect(code).toBe(2);
    expect(stdout).toContain(
      '-:9:13  error    metadata.name: another PodPolicy of that name stands in -:3:13: rename one of them',
    );
  });

  test('a misspelt kind, a file that is none, and paths without any policy exit 2', async () => {
    expect((await feed(['policy', 'lint', '-'], good.replace('PodPolicy', 'PodPolcy'))).stdout).toContain(
      '-:2:1  error  kind: must be PodPolicy or PodPolicyException',
    );
    const missing = await run(['policy', 'lint', file('missing.yaml')]);
    expect([missing.code, missing.stdout]).toEqual([
      2,
      expect.stringContaining(`${file('missing.yaml')}  error  cannot be read: ENOENT`),
    ]);
    const none = await feed(['policy', 'lint', '-'], 'apiVersion: v1\nkind: Pod\n');
    expect([none.code, none.stdout]).toEqual([
      2,
      expect.stringContaining('-  error  holds no PodPolicy and no PodPolicyException'),
    ]);
  });

  test('takes the longest duration of exceptions from the settings', async () => {
    const text = `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicyException
metadata: { name: late }
spec:
  policies: [{ name: production, rules: [hostPorts] }]
  match: {}
  reason: promised
  expiresAt: "${new Date(Date.now() + 20 * 24 * 3_600_000).toISOString()}"
`;
    await writeFile(file('settings.json'), '{"exceptions": {"maxDuration": "240h"}}');
    const late = 'spec.expiresAt: it ends later than exceptions.maxDuration from now';
    expect((await feed(['policy', 'lint', '-'], text)).stdout).not.toContain(late);
    const held = await feed(['policy', 'lint', '--config', file('settings.json'), '-'], text);
    expect(held.stdout).toContain(late);
  });
});

describe('sekisho policy schema', () => {
  test.each(kinds)('prints the JSON Schema of $kind', async (kind) => {
    const { code, stdout } = await run(['policy', 'schema', kind.kind]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(jsonSchemaOf(kind));
  });

  test('prints one for all kinds, which tells them apart', async () => {
    const { stdout } = await run(['policy', 'schema']);
    const schema = JSON.parse(stdout);
    expect(schema.properties.kind.enum).toEqual(kinds.map(({ kind }) => kind));
    expect(schema.allOf.map((branch: { if: object }) => branch.if)).toEqual(
      kinds.map(({ kind }) => ({ properties: { kind: { const: kind } }, required: ['kind'] })),
    );
  });

  test('of another kind exits 2 and says which there are', async () => {
    const { code, stderr } = await run(['policy', 'schema', 'Pod']);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are PodPolicy, PodPolicyException.');
  });
});
