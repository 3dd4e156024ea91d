import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CheckResult } from '../../src/core/render/check-result.ts';
import { feed } from './feeding-sekisho.ts';
import { run } from './running-sekisho.ts';

const manifests = {
  'good.yaml': `apiVersion: v1
kind: Pod
metadata: {name: good}
spec:
  containers:
  - name: app
    image: example.com/app:1
`,
  'bad.yaml': `# two objects, one of them in a List
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop}
  spec:
    template:
      spec:
        hostNetwork: yes
        containers:
        - name: app
          image: example.com/app:1
          securityContext: {privileged: on}
`,
  'broken.yaml': 'apiVersion: v1\nkind: Pod\nkind: Pod\n',
  'malformed.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: odd}\nspec: {containers: {}}\n',
  'warn.policy': `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata: {name: soft}
spec: {mode: Warn, match: {namespaces: {include: [shop]}}, podSecurity: {level: baseline}}
`,
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-check-'));
  for (const [name, text] of Object.entries(manifests)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'empty'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: keyof typeof manifests | 'empty'): string => join(folder, name);
const baseline = ['-p', 'builtin:baseline'];

describe('sekisho check', () => {
  test('is silent about what is good, and exits 0', async () => {
    const { code, stdout, stderr } = await run(['check', at('good.yaml'), ...baseline]);
    expect([code, stdout, stderr]).toEqual([0, 'Checked 1 object: no violations.\n', '']);
  });

  test('shows each violation with file, line and column, what to change, and exits 1', async () => {
    const { code, stdout, stderr } = await run(['check', at('bad.yaml'), ...baseline]);
    const file = at('bad.yaml');
    expect(stdout.split('\n')).toEqual([
      file,
      '  Deployment shop/web',
      `    ${file}:19:29  deny  spec.template.spec.containers[0].securityContext.privileged (app)  is true, must be unset or false  [privileged]`,
      `    ${file}:15:9   deny  spec.template.spec.hostNetwork  is true, must be unset or false  [hostNamespaces]`,
      '    These changes satisfy 2 of 2:',
      expect.stringContaining('hostNetwork: null'),
      '',
      'Checked 2 objects: 2 denied, 0 warned of, 0 audited, 0 errors.',
      'More: sekisho explain privileged hostNamespaces',
      '',
    ]);
    expect([code, stderr]).toEqual([1, '']);
  });

  test('-o json is what programs rely on, and -o yaml is the same', async () => {
    const { stdout, code } = await run(['check', at('bad.yaml'), ...baseline, '-o', 'json']);
    const result = JSON.parse(stdout) as CheckResult;
    expect(result).toEqual({
      apiVersion: 'sekisho.dev/v1alpha1',
      kind: 'CheckResult',
      summary: { objects: 2, deny: 2, warn: 0, audit: 0, excused: 0, error: 0 },
      findings: [
        {
          file: at('bad.yaml'),
          line: 19,
          column: 29,
          object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
          container: 'app',
          path: 'spec.template.spec.containers[0].securityContext.privileged',
          rule: 'privileged',
          policy: 'builtin:baseline',
          mode: 'Enforce',
          message: 'is true, must be unset or false',
          found: true,
        },
        expect.objectContaining({ line: 15, column: 9, path: 'spec.template.spec.hostNetwork', found: true }),
      ],
    });
    expect(code).toBe(1);
    const yaml = await run(['check', at('bad.yaml'), ...baseline, '-o', 'yaml']);
    expect(parse(yaml.stdout)).toEqual(result);
  });

  test('reads standard input where - or no path is given', async () => {
    for (const args of [['-'], []]) {
      const { code, stdout } = await feed(['check', ...args, ...baseline], manifests['bad.yaml']);
      expect(code).toBe(1);
      expect(stdout).toContain('-:15:9');
    }
    const json = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { hostPID: true, containers: [] },
    });
    expect((await feed(['check', '-', ...baseline], `${json}\n${json}`)).stdout).toContain(
      'Checked 2 objects: 2 denied',
    );
  });

  test('--fail-on says which modes fail', async () => {
    const soft = ['check', at('bad.yaml'), '-p', at('warn.policy')];
    expect((await run(soft)).code).toBe(0);
    expect((await run([...soft, '--fail-on', 'warn'])).code).toBe(1);
    expect((await run([...soft, '--fail-on', 'audit'])).code).toBe(1);
    expect((await run([...soft, '--fail-on', 'warn', '-o', 'json'])).stdout).toContain('"warn": 2');
  });

  test('an object that names no namespace is judged in --namespace', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: []}\n';
    const args = ['check', '-', '-p', at('warn.policy'), '--fail-on', 'warn'];
    expect((await feed(args, pod)).code).toBe(0);
    expect((await feed([...args, '-n', 'shop'], pod)).stdout).toContain('Pod shop/a');
  });

  test('broken input exits 2 with its place, and the rest is judged', async () => {
    const { code, stdout, stderr } = await run([
      'check',
      at('broken.yaml'),
      at('bad.yaml'),
      'no-such-file',
      ...baseline,
      '-o',
      'json',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(`sekisho: ${at('broken.yaml')}:3:1: the key "kind" stands twice\n`);
    expect(stderr).toContain('sekisho: no-such-file: cannot be read');
    expect((JSON.parse(stdout) as CheckResult).summary).toEqual({
      objects: 2,
      deny: 2,
      warn: 0,
      audit: 0,
      excused: 0,
      error: 2,
    });
  });

  test('a pod that cannot be judged exits 3, unless there are violations or broken input too', async () => {
    const alone = await run(['check', at('malformed.yaml'), ...baseline]);
    expect(alone.code).toBe(3);
    expect(alone.stdout).toContain('spec.containers must be a list');
    expect((await run(['check', at('malformed.yaml'), at('bad.yaml'), ...baseline])).code).toBe(1);
    expect((await run(['check', at('malformed.yaml'), at('broken.yaml'), ...baseline])).code).toBe(2);
  });

  test('checking nothing is no pass', async () => {
    const { code, stderr } = await run(['check', at('empty'), ...baseline]);
    expect([code, stderr]).toEqual([2, `sekisho: ${at('empty')}: holds no manifest (*.yaml, *.yml, *.json)\n`]);
    expect((await feed(['check', '-', ...baseline], '# nothing\n')).code).toBe(2);
  });

  test('bad usage and policies that cannot be read exit 2', async () => {
    for (const args of [
      [at('good.yaml')],
      [at('good.yaml'), ...baseline, '-o', 'xml'],
      [at('good.yaml'), '-p', 'none.yaml'],
    ]) {
      const { code, stdout, stderr } = await run(['check', ...args]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^sekisho: /);
    }
  });

  test('names several policies where several have a say, and each violation once', async () => {
    const { stdout } = await run([
      'check',
      at('bad.yaml'),
      ...baseline,
      '-p',
      at('warn.policy'),
      '-p',
      'builtin:restricted',
    ]);
    expect(stdout).toContain('[hostNamespaces · builtin:baseline, builtin:restricted]');
    expect(stdout).toContain('[hostNamespaces · soft]');
  });

  test('colours only where asked for, and NO_COLOR is heard', async () => {
    const args = ['check', at('bad.yaml'), ...baseline];
    expect((await run(args)).stdout).not.toContain('\u001b');
    expect((await run(args, { FORCE_COLOR: '1' })).stdout).toContain('\u001b[31mdeny\u001b[0m');
    expect((await run(args, { NO_COLOR: '1', FORCE_COLOR: '' })).stdout).not.toContain('\u001b');
  });

  test('speaks Japanese', async () => {
    const { stdout } = await run(['--lang', 'ja', 'check', at('bad.yaml'), ...baseline]);
    expect(stdout).toContain('2 個のオブジェクトを検査しました: 拒否 2 件、警告 0 件、監査 0 件、エラー 0 件。');
    expect(stdout).toContain('次の変更で 2 件中 2 件が解消します:');
    const good = await run(['check', at('good.yaml'), ...baseline], { LC_ALL: 'ja_JP.UTF-8' });
    expect(good.stdout).toBe('1 個のオブジェクトを検査しました。違反はありません。\n');
  });

  test('prints no control character that a manifest brought along', async () => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: "a\\e[2J\\u202e"}\nspec: {hostPID: "\\e[1m", containers: []}\n`;
    for (const output of ['table', 'json', 'yaml']) {
      const { stdout } = await feed(['check', '-', ...baseline, '-o', output], pod);
      expect(stdout).toContain('hostNamespaces');
      expect(stdout).not.toContain('\u001b');
      expect(stdout).not.toContain('\u202e');
    }
  });
});
