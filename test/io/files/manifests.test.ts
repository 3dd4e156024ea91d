import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listManifests, readManifest } from '../../../src/io/files/manifests.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-manifests-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const inside = (paths: readonly string[]): readonly string[] => paths.map((path) => path.slice(folder.length + 1));

async function read(name: string, content: string | Uint8Array): Promise<{ objects: unknown[]; problems: unknown[] }> {
  const { objects, problems } = await readManifest(write(name, content));
  return {
    objects: objects.map(({ apiVersion, kind, namespace, name: own, positionOf }) => {
      const { line, column } = positionOf([]);
      return `${apiVersion} ${kind} ${namespace}/${own} ${line}:${column}`;
    }),
    problems: problems.map(({ position, message }) => `${position?.line}:${position?.column} ${message}`),
  };
}

describe('folders', () => {
  test('are walked to the bottom, sorted, manifests only, nothing hidden', () => {
    for (const name of ['b.yaml', 'a.yml', 'c/d/e.json', 'c/B.YAML', 'README.md', '.hidden.yaml', '.git/x.yaml'])
      write(name, '');
    const { files, problems } = listManifests([folder]);
    expect(inside(files)).toEqual(['a.yml', 'b.yaml', 'c/B.YAML', 'c/d/e.json']);
    expect(problems).toEqual([]);
  });

  test("of installed packages are nobody's manifests", () => {
    for (const name of ['a.yaml', 'node_modules/x/package.json', 'b/node_modules/y.yaml']) write(name, '');
    expect(inside(listManifests([folder]).files)).toEqual(['a.yaml']);
    expect(inside(listManifests([join(folder, 'node_modules')]).files)).toEqual(['node_modules/x/package.json']);
  });

  test('that link to themselves end', () => {
    write('a/x.yaml', '');
    symlinkSync('..', join(folder, 'a', 'loop'));
    symlinkSync(folder, join(folder, 'self'));
    expect(inside(listManifests([folder]).files)).toEqual(['a/x.yaml']);
  });

  test('without any manifest are a problem, and so is what does not exist', () => {
    write('empty/README.md', '');
    symlinkSync('nowhere', join(folder, 'dangling.yaml'));
    expect(listManifests([join(folder, 'empty')]).problems).toEqual([
      { file: join(folder, 'empty'), message: 'holds no manifest (*.yaml, *.yml, *.json)' },
    ]);
    expect(listManifests([join(folder, 'none'), folder]).problems.map(({ message }) => message)).toEqual([
      'cannot be read: ENOENT: no such file or directory',
      'cannot be read: ENOENT: no such file or directory',
    ]);
  });

  test('a file that is named may have any name', () => {
    const path = write('deployment', '');
    expect(listManifests([path, '-']).files).toEqual([path, '-']);
  });
});

describe('a file', () => {
  test('may hold several documents, and Lists whose items are objects of their own', async () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
- apiVersion: v1
  kind: List
  items:
  - {apiVersion: apps/v1, kind: Deployment, metadata: {generateName: c-}}
---
# nothing
`;
    expect(await read('a.yaml', text)).toEqual({
      objects: ['v1 Pod x/a 1:1', 'v1 ConfigMap /b 8:3', 'apps/v1 Deployment /c-* 12:5'],
      problems: [],
    });
  });

  test('may hold a list of one kind, whose items need not say what they are', async () => {
    const text = '{apiVersion: apps/v1, kind: DeploymentList, items: [{metadata: {name: a}}, {metadata: {name: b}}]}';
    expect((await read('a.yaml', text)).objects).toEqual(['apps/v1 Deployment /a 1:53', 'apps/v1 Deployment /b 1:76']);
  });

  test('may be JSON, one document or several, under any name', async () => {
    const pod = (name: string): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name } }, null, 1);
    const text = `${pod('a')}\n${pod('b')}`;
    for (const name of ['a.json', 'a.yaml', 'manifest']) {
      expect(await read(name, text)).toEqual({ objects: ['v1 Pod /a 1:1', 'v1 Pod /b 8:1'], problems: [] });
    }
  });

  test('positions of JSON are those of keys and items, behind escapes too', async () => {
    const text =
      '{"apiVersion":"v1","kind":"Pod",\n "metadata":{"name":"}\\"{"},\n "spec":{"containers":[{},\n  {"n\\u0061me":"x"}]}}';
    const { objects } = await readManifest(write('a.json', text));
    const places = [
      ['spec'],
      ['spec', 'containers', 1],
      ['spec', 'containers', 1, 'name'],
      ['spec', 'hostPID'],
      ['spec', 'containers', 0, 'x', 1],
    ];
    expect(places.map((path) => objects[0]?.positionOf(path))).toEqual([
      { line: 3, column: 2 },
      { line: 4, column: 3 },
      { line: 4, column: 4 },
      { line: 3, column: 2 },
      { line: 3, column: 24 },
    ]);
  });

  test('of JSON is read by the rules of JSON: duplicate keys and broken documents are named', async () => {
    expect((await read('a.json', '{"a":1,\n "b":{"c":1,"c":2}}')).problems).toEqual(['2:13 the key "c" stands twice']);
    expect((await read('b.json', '{a: 1}')).problems).toEqual(['1:2 has "a" where a key or } must stand']);
    expect((await read('c.yaml', '{apiVersion: v1, kind: Pod}')).objects).toEqual(['v1 Pod / 1:1']);
  });

  test('may begin with a byte order mark and have CRLF', async () => {
    expect((await read('a.yaml', '\ufeffapiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n')).objects).toEqual([
      'v1 Pod /a 1:1',
    ]);
    expect((await read('a.json', '\ufeff{"apiVersion":"v1","kind":"Pod"}')).objects).toEqual(['v1 Pod / 1:1']);
  });

  test('with something that is no object is named with its place, and the rest is read', async () => {
    const text =
      'kind: Pod\n---\n- a\n---\napiVersion: v1\nkind: Pod\n---\njust text\n---\napiVersion: v1\nkind: List\nitems: [1, {kind: Pod}]\n';
    expect(await read('a.yaml', text)).toEqual({
      objects: ['v1 Pod / 5:1'],
      problems: [
        '1:1 is no Kubernetes object: apiVersion is missing',
        '3:1 is no Kubernetes object',
        '8:1 is no Kubernetes object',
        '12:9 is no Kubernetes object',
        '12:12 is no Kubernetes object: apiVersion is missing',
      ],
    });
  });

  test('a namespace that is no text is named: nobody could say which policies have a say', async () => {
    expect((await read('a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: 12\n')).problems).toEqual([
      '4:3 metadata.namespace must be text',
    ]);
  });

  test('that is not UTF-8, or cannot be read, is a problem', async () => {
    expect((await read('a.yaml', Uint8Array.of(0x61, 0x3a, 0xff))).problems).toEqual([
      'undefined:undefined cannot be read: it is not UTF-8',
    ]);
    expect((await readManifest(folder)).problems[0]?.message).toMatch(/^cannot be read: EISDIR/);
  });

  test('of any size is read, one after another', async () => {
    const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\n`;
    const comment = `# ${'x'.repeat(100)}\n`;
    for (const lines of [0, 1, 700, 80_000, 2]) {
      const text = `${pod('a')}${comment.repeat(lines)}---\n${pod('b')}`;
      expect(await read('a.yaml', text)).toEqual({
        objects: ['v1 Pod /a 1:1', `v1 Pod /b ${lines + 5}:1`],
        problems: [],
      });
    }
    expect((await read('empty.yaml', '')).objects).toEqual([]);
  });

  test('lists inside lists inside lists end somewhere', async () => {
    const text = `${'{"kind":"List","items":['.repeat(30_000)}${']}'.repeat(30_000)}`;
    expect((await read('a.json', text)).problems).toEqual([expect.stringMatching(/is a list inside too many lists$/)]);
  });
});

describe('what Helm rendered', () => {
  const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\n`;

  async function templates(text: string): Promise<readonly (string | undefined)[]> {
    const { objects } = await readManifest(write('rendered.yaml', text));
    return objects.map(({ template }) => template);
  }

  test('names the template of each document, behind templates that made nothing, and in items of a List', async () => {
    const text = `---
# Source: web/charts/sub/templates/pod.yaml
${pod('a')}
---
# Source: web/templates/empty.yaml
# only a comment
---
# Source: web/templates/deployment.yaml
# what a template says at its top
${pod('b')}
---
# Source: web/crds/list.yaml
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: Pod}, {apiVersion: v1, kind: Pod}]
---
${pod('c')}`;
    const expected = [
      'web/charts/sub/templates/pod.yaml',
      'web/templates/deployment.yaml',
      'web/crds/list.yaml',
      'web/crds/list.yaml',
      undefined,
    ];
    expect(await templates(text)).toEqual(expected);
    expect(await templates(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  test('is told from comments that people write', async () => {
    for (const comment of [
      '# Source: https://example.com/templates/x.yaml',
      '# Source: the web',
      '# Source: web/values.yaml',
      '# see\n# Source: web/templates/x.yaml',
      '  # Source: web/templates/x.yaml',
    ]) {
      expect(await templates(`---\n${comment}\n${pod('a')}`)).toEqual([undefined]);
    }
    expect(await templates(`---\n${pod('a')}data: |\n  ---\n  # Source: web/templates/x.yaml\n`)).toEqual([undefined]);
  });

  test('names the template of what is broken too', async () => {
    const text = `---\n# Source: web/templates/a.yaml\na: [\n---\n# Source: web/templates/b.yaml\nkind: Pod\n`;
    const { problems } = await readManifest(write('rendered.yaml', text));
    expect(problems.map(({ template }) => template)).toEqual(['web/templates/a.yaml', 'web/templates/b.yaml']);
  });
});
