import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseIgnoreRules } from '../../../src/io/files/ignore-rules.ts';
import { checkedFiles, listManifests, testFiles } from '../../../src/io/files/manifests.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-ignored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const manifests = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, '']));

function listed(...paths: readonly string[]): readonly string[] {
  const { files, problems } = listManifests(
    paths.map((path) => join(folder, path)),
    checkedFiles,
  );
  expect(problems).toEqual([]);
  return files.map((file) => file.slice(folder.length + 1));
}

describe('.sekishoignore', () => {
  test('leaves out what it names, at any depth, or where a slash ties it down', () => {
    write({
      '.sekishoignore': '# not ours\nvendor\n/top.yaml\ndocs/*.json\n\ngenerated/\n',
      ...manifests('a.yaml', 'top.yaml', 'b/top.yaml', 'b/vendor/x.yaml', 'vendor/x.yaml', 'docs/a.json'),
      ...manifests('docs/a.yaml', 'b/docs/a.json', 'b/generated/x.yaml', 'c/generated.yaml'),
    });
    expect(listed('.')).toEqual(['a.yaml', 'b/docs/a.json', 'b/top.yaml', 'c/generated.yaml', 'docs/a.yaml']);
  });

  test('takes back what an earlier line left out, but not out of a folder that is left out', () => {
    write({
      '.sekishoignore':
        '*.yaml\n!keep.yaml\nold/\n!old/keep.yaml\n**/fixtures/**\n!**/fixtures/good/\n!**/fixtures/good/**\n',
      ...manifests(
        'a.yaml',
        'keep.yaml',
        'b/keep.yaml',
        'old/keep.yaml',
        'c/fixtures/x.json',
        'c/fixtures/good/x.json',
      ),
    });
    expect(listed('.')).toEqual(['b/keep.yaml', 'c/fixtures/good/x.json', 'keep.yaml']);
  });

  test('of a folder below adds to those above it, and is heard before them', () => {
    write({
      '.sekishoignore': 'x.yaml\n',
      'b/.sekishoignore': '!x.yaml\n/y.yaml\n',
      ...manifests('x.yaml', 'y.yaml', 'b/x.yaml', 'b/y.yaml', 'b/c/x.yaml', 'b/c/y.yaml'),
    });
    expect(listed('.')).toEqual(['b/c/x.yaml', 'b/c/y.yaml', 'b/x.yaml', 'y.yaml']);
  });

  test('has no say over what is named on the command line, nor have files above a folder that is', () => {
    write({ '.sekishoignore': '*\n', ...manifests('a.yaml', 'b/x.yaml') });
    expect(listed('a.yaml', 'b')).toEqual(['a.yaml', 'b/x.yaml']);
    expect(listManifests([folder], checkedFiles).problems.map(({ message }) => message)).toEqual([
      'holds no manifest (*.yaml, *.yml, *.json) that .sekishoignore does not leave out',
    ]);
  });

  test('is for what is checked: tests of policies may lie where manifests are left out', () => {
    write({ '.sekishoignore': 'tests\n', ...manifests('tests/a.sekisho-test.yaml') });
    expect(listManifests([folder], testFiles).files).toHaveLength(1);
  });

  test('that cannot be read is named: nobody knows what it was to leave out', () => {
    write(manifests('a/x.yaml', 'b/x.yaml'));
    mkdirSync(join(folder, 'a', '.sekishoignore'));
    const { files, problems } = listManifests([folder], checkedFiles);
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual(['b/x.yaml']);
    expect(problems).toEqual([
      { file: join(folder, 'a'), message: expect.stringMatching(/^cannot be read: \.sekishoignore: EISDIR/) },
    ]);
  });

  test('leaves out what could not be read', () => {
    write({ '.sekishoignore': 'dangling.yaml\n', ...manifests('x.yaml') });
    symlinkSync('nowhere', join(folder, 'dangling.yaml'));
    expect(listed('.')).toEqual(['x.yaml']);
  });

  test('means a folder by a link to one', () => {
    write({ '.sekishoignore': 'link/\n', ...manifests('real/x.yaml') });
    symlinkSync('real', join(folder, 'link'));
    expect(listed('.')).toEqual(['real/x.yaml']);
  });
});

/** Whether a path is left out, by a file at the top; a folder ends in a slash. */
function ignored(text: string, path: string): boolean {
  const rules = parseIgnoreRules(text);
  const names = path.replace(/\/$/, '').split('/');
  const above = names.slice(1).some((_, index) => rules.verdict(names.slice(0, index + 1), true) === true);
  return above || (rules.verdict(names, path.endsWith('/')) ?? false);
}

describe('the syntax is that of .gitignore', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['# a\n#b\n\\#c', ['#c'], ['a', '#b', '# a']],
    ['\\!a', ['!a'], ['a']],
    ['a  \nb\\ ', ['a', 'b '], ['a  ', 'b']],
    ['a\r\nb\r\n', ['a', 'b'], ['a\r']],
    ['\ufeffa', ['a'], ['\ufeffa']],
    ['a*b?', ['abc', 'axxbc', 'd/abc'], ['ab', 'a/bc']],
    ['[a-c]x[!0-9]', ['bxy'], ['dxy', 'bx1']],
    ['[[:upper:]_]', ['A', '_'], ['a', ':']],
    ['[]x]', [']', 'x'], ['y']],
    ['\\*', ['*'], ['a']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['b', 'x/a/b']],
    ['**/a/b', ['a/b', 'x/a/b'], ['b', 'a/x/b']],
    ['a/**', ['a/x', 'a/x/y'], ['a/', 'b/a/x']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['/*\n!/a/', ['b', 'b/x'], ['a/', 'a/x']],
    ['a/', ['a/', 'x/a/', 'x/a/y'], ['a', 'x/a']],
    ['?', ['é', '字'], ['ab']],
    // Broken: they match nothing, and the lines beside them hold.
    ['[a\nb\\\nc\n/\n!', ['c'], ['a', '[a', 'b', 'b\\']],
  ])('%j', (text, left, kept) => {
    expect(left.filter((path) => !ignored(text, path))).toEqual([]);
    expect(kept.filter((path) => ignored(text, path))).toEqual([]);
  });

  test('takes no time that grows with every star', () => {
    const text = `${'*a'.repeat(200)}b\n${'**/a/'.repeat(200)}b\n`;
    const started = performance.now();
    expect(ignored(text, `${'a'.repeat(5_000)}`)).toBe(false);
    expect(ignored(text, `${'a/'.repeat(2_000)}c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  const git = spawnSync('git', ['--version']).status === 0;
  test.skipIf(!git)('says what git says of thousands of random paths', () => {
    const pieces = ['a', 'b', 'ab', 'a.yaml', 'x[y]', 'b*', '?', '[a-b]', '**', '*', '!', '#', '\\', '/', ' ', '\\ '];
    const more = ['[!a]', '[[:alpha:]]', '.yaml', '[]a]', '[a', '\\*', '[a-', '\\!', '[^b-]', '[[:x]', '[\\]]'];
    const names = [
      'a',
      'b',
      'ab',
      'a.yaml',
      'b.yaml',
      'bb',
      'aab',
      'x',
      'xy',
      'x[y]',
      '!',
      '#',
      ' ',
      'a ',
      '*',
      'b*',
      '!a',
    ];
    const all = [...pieces, ...more];
    let seed = 20_261_122;
    const draw = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    const some = (count: number, from: readonly string[]): readonly string[] =>
      Array.from({ length: 1 + draw(count) }, () => from[draw(from.length)] ?? '');
    execFileSync('git', ['init', '--quiet', folder]);
    const differing: unknown[] = [];
    for (let round = 0; round < 400; round++) {
      const text = `${Array.from({ length: 1 + draw(3) }, () => some(5, all).join('')).join('\n')}\n`;
      const paths = Array.from({ length: 40 }, () => some(3, names).join('/')).flatMap((path) => [path, `${path}/`]);
      writeFileSync(join(folder, '.gitignore'), text);
      const verdicts = askGit(paths);
      for (const path of paths) if (verdicts.get(path) !== ignored(text, path)) differing.push([text, path]);
    }
    expect(differing).toEqual([]);
  });

  function askGit(paths: readonly string[]): ReadonlyMap<string, boolean> {
    const args = ['-C', folder, 'check-ignore', '--no-index', '-z', '--stdin', '--verbose', '--non-matching'];
    const { stdout } = spawnSync('git', args, { input: paths.map((path) => `${path}\0`).join(''), encoding: 'utf8' });
    const fields = stdout.split('\0');
    const verdicts = new Map<string, boolean>();
    for (let at = 0; at + 3 < fields.length; at += 4) {
      const pattern = fields[at + 2] ?? '';
      verdicts.set(fields[at + 3] ?? '', pattern !== '' && !pattern.startsWith('!'));
    }
    return verdicts;
  }
});
