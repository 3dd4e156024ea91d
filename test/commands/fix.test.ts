import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { FixResult } from '../../src/core/render/fix-result.ts';
import { commentsOf } from '../../src/io/files/yaml-tree.ts';
import { feed } from './feeding-sekisho.ts';
import { run } from './running-sekisho.ts';

const restricted = ['-p', 'builtin:restricted'];
const kept = 'test/data/fix';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-fix-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function fixJson(args: readonly string[]): Promise<FixResult> {
  return JSON.parse((await run(['fix', ...args, '-o', 'json'])).stdout) as FixResult;
}

const pod = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n${spec}`;
const sane = `  containers:
  - name: app
    image: example.com/app:1
    securityContext:
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
      runAsNonRoot: true
      seccompProfile: {type: RuntimeDefault}
`;

const commentTexts = (text: string): readonly string[] =>
  commentsOf(text)
    .map(({ start, end }) => text.slice(start, end).trimEnd())
    .sort();

describe('sixty manifests as people write them', () => {
  const names = readdirSync(kept).filter((name) => /\.(?:yaml|json)$/.test(name));

  test('a dry run shows exactly these changes, and makes none', async () => {
    const before = names.map((name) => readFileSync(join(kept, name)));
    const { code, stdout } = await run(['fix', kept, ...restricted, '--dry-run']);
    const [diff = ''] = stdout.split('\nWould repair ');
    expect(diff).toBe(readFileSync(join(kept, 'expected.diff'), 'utf8'));
    expect(code).toBe(1);
    expect(names.map((name) => readFileSync(join(kept, name)))).toEqual(before);
    expect(names).toHaveLength(60);
  });

  test('only lines of what was repaired go, every comment stays, and a second run has nothing to do', async () => {
    cpSync(kept, folder, { recursive: true });
    const { code } = await run(['fix', folder, ...restricted]);
    expect(code).toBe(1);
    const repairable =
      /host(?:Network|PID|IPC|Port|Process)|privileged|allowPrivilegeEscalation|securityContext|capabilities|drop|NET_|SYS_|sysctl|somaxconn|value: "1024"|runAsUser|procMount|seccompProfile|Unconfined|seLinux|system_u|apparmor|annotations|image": "|name: app, |app:1"|host: | {4}containerPort: 443/;
    for (const name of names) {
      const before = readFileSync(join(kept, name), 'utf8');
      const after = readFileSync(join(folder, name), 'utf8');
      expect([name, after.includes('\r\n'), after.startsWith('\ufeff')]).toEqual([
        name,
        before.includes('\r\n'),
        before.startsWith('\ufeff'),
      ]);
      const lines = new Set(after.split('\n'));
      const gone = before.split('\n').filter((line) => !lines.has(line));
      expect([name, gone.filter((line) => !repairable.test(line))]).toEqual([name, []]);
      if (name.endsWith('.yaml')) expect([name, commentTexts(after)]).toEqual([name, commentTexts(before)]);
    }
    const written = names.map((name) => readFileSync(join(folder, name)));
    const again = await fixJson([folder, ...restricted]);
    expect(again.repaired).toEqual([]);
    expect(names.map((name) => readFileSync(join(folder, name)))).toEqual(written);
    expect(again.findings.map(({ file, line, column, rule }) => [basename(file), line, column, rule])).toEqual([
      ['15-anchor-of-a-scalar.yaml', 6, 3, 'hostNamespaces'],
      ['19-merge-key.yaml', 8, 5, 'allowPrivilegeEscalation'],
      ['19-merge-key.yaml', 8, 5, 'capabilities_restricted'],
      ['19-merge-key.yaml', 8, 5, 'runAsNonRoot'],
      ['19-merge-key.yaml', 8, 5, 'seccompProfile_restricted'],
      ['49-daemonset.yaml', 24, 9, 'restrictedVolumes'],
      ['60-everything.yaml', 35, 22, 'restrictedVolumes'],
    ]);
    const refused = again.refused.map(({ file, line, message }) => [basename(file), line, message]);
    expect(refused).toEqual([
      ['15-anchor-of-a-scalar.yaml', 6, '&yes is used again in line 11, which would change too'],
      ['19-merge-key.yaml', 8, '&base is used again in line 10, which would change too'],
    ]);
  });
});

describe('sekisho fix', () => {
  test('edits, says where, lists what is left with its place and its remedy, and exits 1', async () => {
    const file = put('a.yaml', pod(`  hostPID: true\n  volumes:\n  - {name: v, hostPath: {path: /}}\n${sane}`));
    const { code, stdout, stderr } = await run(['fix', file, ...restricted]);
    expect(readFileSync(file, 'utf8')).toBe(pod(`  volumes:\n  - {name: v, hostPath: {path: /}}\n${sane}`));
    expect(stdout.split('\n')).toEqual([
      'Repaired 1 violation in 1 file:',
      `  ${file}  1 violation`,
      '',
      file,
      '  Pod default/a',
      expect.stringMatching(/a\.yaml:6:15 {2}deny {2}spec\.volumes\[0\]\.hostPath .*\[restrictedVolumes\]$/),
      '',
      'Checked 1 object: 1 denied, 0 warned of, 0 audited, 0 errors.',
      'More: sekisho explain restrictedVolumes',
      '',
      'What is left to change by hand:',
      expect.stringMatching(/^ {2}restrictedVolumes: Use one of the allowed types\./),
      '',
    ]);
    expect([code, stderr]).toEqual([1, '']);
  });

  test('exits 0 when nothing is left, and touches nothing that is clean', async () => {
    const file = put('a.yaml', pod(`  hostIPC: true\n${sane}`));
    expect((await run(['fix', file, ...restricted])).code).toBe(0);
    const { mtimeMs } = statSync(file);
    const { code, stdout } = await run(['fix', file, ...restricted]);
    expect([code, stdout, statSync(file).mtimeMs]).toEqual([0, 'Checked 1 object: no violations.\n', mtimeMs]);
  });

  test('--dry-run exits 1 where something would change, and places what is left in the file as it is', async () => {
    const file = put('a.yaml', pod(`  hostPID: true\n  volumes:\n  - {name: v, hostPath: {path: /}}\n${sane}`));
    const { code, stdout } = await run(['fix', file, ...restricted, '--dry-run']);
    expect(code).toBe(1);
    expect(stdout).toContain(`--- ${file}\n+++ ${file}\n@@ -2,7 +2,6 @@\n`);
    expect(stdout).toContain('\n-  hostPID: true\n');
    expect(stdout).toContain('a.yaml:7:15  deny');
    const repairable = put('b.yaml', pod(`  hostPID: true\n${sane}`));
    expect((await run(['fix', repairable, ...restricted, '--dry-run'])).code).toBe(1);
    expect((await run(['fix', repairable, ...restricted])).code).toBe(0);
    expect((await run(['fix', repairable, ...restricted, '--dry-run'])).code).toBe(0);
  });

  test('is in colour only where a person looks, who sees no control character raw', async () => {
    const file = put('a.yaml', pod(`  hostPID: true # \u001b[2J\t\u202e\n${sane}`));
    const plain = await run(['fix', file, ...restricted, '--dry-run']);
    expect(plain.stdout).toContain('-  hostPID: true # \u001b[2J\t\u202e\n');
    const { stdout } = await run(['fix', file, ...restricted, '--dry-run'], { FORCE_COLOR: '1' });
    expect(stdout).toContain('\u001b[31m-  hostPID: true # \\u001b[2J\t\\u202e\u001b[0m\n');
  });

  test('-o json and -o yaml tell programs the same', async () => {
    const text = pod(`  hostPID: true\n${sane}`);
    const file = put('a.yaml', text);
    const dry = await fixJson([file, ...restricted, '--dry-run']);
    expect(dry).toEqual({
      apiVersion: 'sekisho.dev/v1alpha1',
      kind: 'FixResult',
      dryRun: true,
      repaired: [{ file, violations: 1, diff: expect.stringContaining('-  hostPID: true\n') }],
      refused: [],
      summary: { objects: 1, deny: 0, warn: 0, audit: 0, excused: 0, error: 0 },
      findings: [],
    });
    const { stdout } = await run(['fix', file, ...restricted, '-o', 'yaml']);
    expect(parse(stdout)).toMatchObject({ kind: 'FixResult', dryRun: false, repaired: [{ file, violations: 1 }] });
  });

  test('speaks Japanese', async () => {
    const file = put('a.yaml', pod(`  hostPID: true\n  volumes:\n  - {name: v, hostPath: {path: /}}\n${sane}`));
    const { stdout } = await run(['fix', file, ...restricted, '--lang', 'ja']);
    expect(stdout).toContain('1 個のファイルの違反 1 件を修正しました:\n');
    expect(stdout).toContain('手作業で変更が必要なもの:\n');
  });

  test('repairs what --fail-on minds, and nothing weaker', async () => {
    const policy = put(
      'p.policy',
      'apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: p}\nspec: {mode: Warn, podSecurity: {level: baseline}}\n',
    );
    const file = put('a.yaml', pod(`  hostPID: true\n${sane}`));
    expect((await run(['fix', file, '-p', policy])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('hostPID');
    expect((await run(['fix', file, '-p', policy, '--fail-on', 'warn'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('hostPID');
  });

  test('leaves what an exception excuses', async () => {
    const policy = put(
      'p.policy',
      `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata: {name: p}
spec: {mode: Enforce, podSecurity: {level: baseline}}
---
apiVersion: sekisho.dev/v1alpha1
kind: PodPolicyException
metadata: {name: old}
spec:
  match: {}
  policies: [{name: p, rules: [hostNamespaces]}]
  reason: "it goes in spring"
  owner: team-a
  ticket: https://tracker.example/1
  expiresAt: "2099-01-01T00:00:00Z"
`,
    );
    const file = put('a.yaml', pod(`  hostPID: true\n${sane}    ports: [{containerPort: 1, hostPort: 1}]\n`));
    const { code, stdout } = await run(['fix', file, '-p', policy]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([
      0,
      pod(`  hostPID: true\n${sane}    ports: [{containerPort: 1}]\n`),
    ]);
    expect(stdout).toContain('1 excused');
  });

  test('repairs more findings than a denial would', async () => {
    const containers = Array.from({ length: 40 }, (_, index) => `  - {name: c${index}, image: example.com/app:1}\n`);
    const file = put('a.yaml', pod(`  containers:\n${containers.join('')}`));
    const { code, stdout } = await run(['fix', file, ...restricted]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('160 violations')]);
  });

  test('repairs every template of a custom kind', async () => {
    const config = put(
      'settings.conf',
      'workloadKinds: [{group: jobset.x-k8s.io, kind: JobSet, resource: jobsets, path: "spec.replicatedJobs[*].template.spec.template"}]\n',
    );
    const template = `{template: {spec: {template: {spec: {hostPID: true, containers: []}}}}}`;
    const file = put(
      'a.yaml',
      `apiVersion: jobset.x-k8s.io/v1\nkind: JobSet\nmetadata: {name: a}\nspec: {replicatedJobs: [${template}, ${template}]}\n`,
    );
    const { code } = await run(['fix', file, '-p', 'builtin:baseline', '--config', config]);
    expect(code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('hostPID');
  });

  test('writes through a link, and keeps the mode', async () => {
    const file = put('a.yaml', pod(`  hostPID: true\n${sane}`));
    chmodSync(file, 0o640);
    mkdirSync(join(folder, 'links'));
    const link = join(folder, 'links', 'b.yaml');
    symlinkSync('../a.yaml', link);
    expect((await run(['fix', link, ...restricted])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(pod(sane));
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(readdirSync(join(folder, 'links'), { withFileTypes: true }).map((each) => each.isSymbolicLink())).toEqual([
      true,
    ]);
    expect(readdirSync(folder).sort()).toEqual(['a.yaml', 'links']);
  });

  test('leaves alone what .sekishoignore leaves out', async () => {
    const text = pod(`  hostPID: true\n${sane}`);
    const file = put('a.yaml', text);
    const ignored = put('b.yaml', text);
    put('.sekishoignore', 'b.yaml\n');
    expect((await run(['fix', folder, ...restricted])).code).toBe(0);
    expect([readFileSync(file, 'utf8'), readFileSync(ignored, 'utf8')]).toEqual([pod(sane), text]);
  });

  test('does not edit a file of which a part cannot be read', async () => {
    const text = `${pod(`  hostPID: true\n${sane}`)}---\nkind: Pod\nkind: Pod\n`;
    const file = put('a.yaml', text);
    const { code, stdout, stderr } = await run(['fix', file, ...restricted]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([2, text]);
    expect(stderr).toContain('a.yaml: not repaired: a part of it cannot be read');
    expect(stdout).toContain('[hostNamespaces]');
  });

  test('does not edit what is made from a template', async () => {
    const text = pod(`  hostPID: true\n${sane}`).replace('app:1', '"{{ image }}"').replace('example.com/', '');
    const file = put('a.yaml', text);
    const { code, stderr } = await run(['fix', file, ...restricted]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([1, text]);
    expect(stderr).toContain('a.yaml: not repaired: it holds template actions');
    mkdirSync(join(folder, 'chart/templates/deep'), { recursive: true });
    put('chart/Chart.yaml', 'name: chart\n');
    const template = put('chart/templates/deep/a.yaml', text);
    const helm = await run(['fix', template, ...restricted]);
    expect([helm.code, readFileSync(template, 'utf8')]).toEqual([2, text]);
    expect(helm.stderr).toContain('is a template of a Helm chart');
  });

  test('a block of text that speaks of templates is no template', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  rule: |\n    {{ $value }}\n---\n';
    const file = put('a.yaml', map + pod(`  hostPID: true\n${sane}`));
    expect((await run(['fix', file, ...restricted])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(map + pod(sane));
  });

  test.skipIf(process.getuid?.() === 0)('does not get past the mode of a file', async () => {
    const text = pod(`  hostPID: true\n${sane}`);
    const file = put('a.yaml', text);
    chmodSync(file, 0o444);
    const { code, stderr } = await run(['fix', file, ...restricted]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([2, text]);
    expect(stderr).toContain('cannot be written');
  });

  test('bad usage exits 2', async () => {
    const input = await feed(['fix', '-', ...restricted], pod(sane));
    expect([input.code, input.stderr]).toEqual([2, expect.stringContaining('standard input cannot be edited')]);
    expect((await run(['fix', ...restricted])).code).toBe(2);
    expect((await run(['fix', folder])).stderr).toContain('--policy is missing');
    expect((await run(['fix', join(folder, 'none.yaml'), ...restricted])).code).toBe(2);
  });
});
