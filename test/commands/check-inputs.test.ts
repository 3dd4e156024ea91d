import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../src/core/render/check-result.ts';
import { feed } from './feeding-sekisho.ts';
import { program, run } from './running-sekisho.ts';

const pod = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}${more}}\nspec: {hostPID: true, containers: [{name: app, image: x}]}\n`;

const rendered = `---
# Source: web/templates/a.yaml
${pod('a')}---
# Source: web/charts/sub/templates/b.yaml
# of a subchart
${pod('b')}---
${pod('c')}`;

const files = {
  '.sekishoignore': 'fixtures/\n*.tpl.yaml\n',
  'a.yaml': pod('a'),
  'b.tpl.yaml': '{{ not: yaml',
  'fixtures/x.yaml': pod('x'),
  'node_modules/some/package.json': '{"name": "some"}',
  'rendered.txt': rendered,
  'empty/.gitkeep': '',
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-inputs-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const baseline = ['-p', 'builtin:baseline'];

/** The objects that break rules, each once. */
function named(stdout: string): readonly string[] {
  const { findings } = JSON.parse(stdout) as CheckResult;
  return [...new Set(findings.map(({ object }) => object.name))];
}

describe('in folders', () => {
  test('what .sekishoignore and node_modules hold is left out, unless it is named', async () => {
    const walked = await run(['check', folder, ...baseline, '-o', 'json']);
    expect([walked.code, walked.stderr, named(walked.stdout)]).toEqual([1, '', ['a']]);
    const asked = await run(['check', at('fixtures'), at('fixtures/x.yaml'), at('b.tpl.yaml'), ...baseline]);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain(at('b.tpl.yaml'));
    expect(asked.stdout).toContain('Pod default/x');
  });
});

describe('what was rendered before', () => {
  test('names its templates, in a file and in a pipe', async () => {
    const { stdout } = await run(['check', at('rendered.txt'), ...baseline]);
    const lines = stdout.split('\n').filter((line) => line.includes('is true'));
    expect(lines).toEqual([
      expect.stringContaining('web/templates/a.yaml (rendered line 6)  deny  spec.hostPID'),
      expect.stringContaining('web/charts/sub/templates/b.yaml (rendered line 13)  deny  spec.hostPID'),
      expect.stringContaining(`${at('rendered.txt')}:18:8  deny  spec.hostPID`),
    ]);
    const piped = await feed(['check', '-', ...baseline, '-o', 'json'], rendered);
    const { findings } = JSON.parse(piped.stdout) as CheckResult;
    expect(findings.map(({ file, line, source, rendered: own }) => [file, line, source, own])).toEqual([
      ['-', 6, 'web/templates/a.yaml', undefined],
      ['-', 13, 'web/charts/sub/templates/b.yaml', undefined],
      ['-', 18, undefined, undefined],
    ]);
  });

  test('names the template of what cannot be read', async () => {
    const { code, stderr } = await feed(['check', '-', ...baseline], '---\n# Source: web/templates/a.yaml\na: [\n');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^sekisho: -:\d+:\d+ \(web\/templates\/a.yaml\): /);
  });

  test('may come from a pipe that a shell named, which can be read once', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n';
    const child = spawn(program, ['check', at('pipe'), ...baseline], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    // A process of its own: whoever opens a pipe waits for the other side.
    const writer = spawn('sh', ['-c', 'cat > "$0"', at('pipe')], { stdio: ['pipe', 'ignore', 'inherit'] });
    writer.stdin.end(namespace + pod('piped'));
    const [code] = (await once(child, 'close')) as [number];
    writer.kill();
    rmSync(at('pipe'));
    expect([code, stdout]).toEqual([1, expect.stringContaining('Pod default/piped')]);
  });
});

describe('charts and kustomizations', () => {
  test('where their program is missing, the remedy is said, and the rest is judged', async () => {
    // Only what bin/sekisho itself takes.
    const path = at('path');
    mkdirSync(path);
    for (const tool of ['sh', 'readlink', 'dirname']) {
      symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(path, tool));
    }
    const args = ['check', at('a.yaml'), '--helm', 'web', '--kustomize', 'prod', ...baseline, '-o', 'json'];
    const { code, stdout, stderr } = await run(args, { PATH: path });
    expect(stderr).toBe(
      [
        'sekisho: web: helm is not on the PATH: install it, or render elsewhere: helm template CHART | sekisho check - …',
        'sekisho: prod: neither kustomize nor kubectl is on the PATH: install one, or render elsewhere: kustomize build FOLDER | sekisho check - …',
        '',
      ].join('\n'),
    );
    expect(code).toBe(2);
    expect((JSON.parse(stdout) as CheckResult).summary).toMatchObject({ objects: 1, deny: 1, error: 2 });
  });

  test('values without a chart are bad usage', async () => {
    for (const option of ['--values', '--set', '--release-name', '--kube-version']) {
      const { code, stdout, stderr } = await run(['check', at('a.yaml'), option, 'x', ...baseline]);
      expect([code, stdout, stderr]).toEqual([2, '', `sekisho: ${option} is for a chart: name it by --helm\n`]);
    }
  });
});

describe('many files', () => {
  test('are printed in their order, with one sum at the end, whatever the format', async () => {
    const many = at('many');
    mkdirSync(many);
    const names = Array.from({ length: 700 }, (_, index) => `p${String(index).padStart(4, '0')}`);
    for (const name of names) writeFileSync(join(many, `${name}.yaml`), pod(name));
    const table = await run(['check', many, ...baseline]);
    expect([...table.stdout.matchAll(/^ {2}Pod default\/(\S+)$/gm)].map(([, name]) => name)).toEqual(names);
    expect(table.stdout).toMatch(/\n\nChecked 700 objects: 700 denied, .*\nMore: sekisho explain hostNamespaces\n$/);
    expect([table.code, table.stderr]).toEqual([1, '']);
    const json = await run(['check', many, ...baseline, '-o', 'json']);
    expect(named(json.stdout)).toEqual(names);
    expect(Object.keys(JSON.parse(json.stdout) as CheckResult)).toEqual(['apiVersion', 'kind', 'findings', 'summary']);
  });
});
