import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SekishoError } from '../../../src/core/error.ts';
import { readPolicies } from '../../../src/io/files/policies.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sekisho-policies-'));
});
afterEach(() => rm(dir, { recursive: true }));

const policy = (name: string, level = 'restricted'): string => `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata:
  name: ${name}
spec:
  mode: Enforce
  podSecurity:
    level: ${level}
`;

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(dir, name), text);
  return join(dir, name);
}

async function namesOf(sources: readonly string[], warnings: string[] = []): Promise<readonly string[]> {
  const { policies } = await readPolicies(sources, (warning) => warnings.push(warning));
  return policies.map(({ metadata }) => metadata.name);
}

async function failureOf(sources: readonly string[]): Promise<string> {
  const thrown: unknown = await readPolicies(sources, () => undefined).catch((error) => error);
  expect(thrown).toBeInstanceOf(SekishoError);
  return (thrown as SekishoError).message.replaceAll(dir, '');
}

const exception = (name: string): string => `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicyException
metadata: { name: ${name} }
spec:
  policies: [{ name: a, rules: [hostPorts] }]
  match: { namespaces: { include: [shop] } }
  reason: vendor fix promised
  expiresAt: "2027-01-31T00:00:00Z"
`;

describe('exceptions', () => {
  test('stand beside policies, in one file or another, and may have the name of a policy', async () => {
    const mixed = await file('mixed.yaml', `${policy('a')}---\n${exception('a')}`);
    const alone = await file('alone.yaml', exception('b'));
    const { policies, exceptions } = await readPolicies([mixed, alone], () => undefined);
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(exceptions.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  test('alone are refused: everything would pass', async () => {
    expect(await failureOf([await file('alone.yaml', exception('b'))])).toBe(
      '/alone.yaml: holds no PodPolicy: name a file or folder that does',
    );
  });

  test('are read as strictly, and no two have one name', async () => {
    await file('p.yaml', policy('a'));
    await file('x.yaml', `${exception('b')}  unknown: 1\n`);
    expect(await failureOf([dir])).toBe('/x.yaml:9:3: spec.unknown: is not a known field');
    await file('x.yaml', exception('b'));
    await file('y.yaml', exception('b'));
    expect(await failureOf([dir])).toBe('/y.yaml:1:1: the exception b stands in /x.yaml:1:1 too: rename one of them');
  });
});

describe('policies', () => {
  test('are read from names, files and folders, in that order', async () => {
    await mkdir(join(dir, 'more', 'deeper.yaml'), { recursive: true });
    await writeFile(join(dir, 'more', 'b.yml'), `${policy('b1')}---\n# nothing here\n---\n${policy('b2')}`);
    await writeFile(join(dir, 'more', 'a.yaml'), policy('a'));
    await writeFile(join(dir, 'more', 'c.json'), JSON.stringify({ ...JSON.parse('{}'), ...jsonPolicy('c') }));
    await writeFile(join(dir, 'more', 'notes.txt'), 'not read');
    await rm(join(dir, 'more', 'deeper.yaml'), { recursive: true });
    const one = await file('one.yaml', policy('one'));
    expect(await namesOf(['builtin:baseline@v1.30', one, join(dir, 'more')])).toEqual([
      'builtin:baseline@v1.30',
      'one',
      'a',
      'b1',
      'b2',
      'c',
    ]);
  });

  test('stand beside documents of other kinds, which are left out with a warning', async () => {
    const warnings: string[] = [];
    await file('a.yaml', `apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n${policy('a')}`);
    expect(await namesOf([dir], warnings)).toEqual(['a']);
    expect(warnings).toEqual([`${join(dir, 'a.yaml')}:1:1: not a PodPolicy, left out`]);
  });
});

function jsonPolicy(name: string) {
  return { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name }, spec: {} };
}

describe('what is wrong with policies', () => {
  test('a path that does not exist', async () => {
    expect(await failureOf([join(dir, 'none.yaml')])).toMatch(/^\/none\.yaml: cannot be read: ENOENT/);
  });

  test('a built-in that does not exist', async () => {
    expect(await failureOf(['builtin:strict'])).toMatch(/^builtin:strict: no such built-in policy.*builtin:restricted/);
    expect(await failureOf(['builtin:restricted@v1.999'])).toMatch(/no such built-in policy/);
  });

  test('two of one name, in two files or one', async () => {
    await file('a.yaml', policy('same'));
    await file('b.yaml', policy('same'));
    expect(await failureOf([dir])).toBe('/b.yaml:1:1: the policy same stands in /a.yaml:1:1 too: rename one of them');
    await file('c.yaml', `${policy('x')}---\n${policy('x')}`);
    expect(await failureOf([join(dir, 'c.yaml')])).toMatch(/^\/c\.yaml:10:1: the policy x stands in \/c\.yaml:1:1 too/);
    expect(await failureOf(['builtin:baseline', 'builtin:baseline'])).toMatch(/stands in builtin:baseline too/);
  });

  test('fields, each with its line and path', async () => {
    const text = policy('p', 'strict').replace('mode: Enforce', 'mode: Enforce\n  mood: good');
    const message = await failureOf([await file('p.yaml', text)]);
    expect(message).toMatch(/^\/p\.yaml:9:5: spec\.podSecurity\.level: .*restricted/m);
    expect(message).toMatch(/^\/p\.yaml:7:3: spec\.mood: is not a known field$/m);
  });

  test('a missing field, with the line of what lacks it', async () => {
    const message = await failureOf([
      await file('p.yaml', policy('p').replace(/ {4}level.*\n/, '    version: latest\n')),
    ]);
    expect(message).toMatch(/^\/p\.yaml:7:3: spec\.podSecurity\.level: /m);
  });

  test.each([
    ['broken YAML', 'a: [1,\nb: 2\n', /^\/p\.yaml:\d+:\d+: /],
    ['a key twice', 'kind: PodPolicy\nkind: PodPolicy\n', /^\/p\.yaml:2:1: .*stands twice/],
    ['a bomb of aliases', bomb(), /^\/p\.yaml:5:\d+: .*alias/i],
    ['a misspelt kind of ours', policy('p').replace('PodPolicy', 'PodPolcy'), /\/p\.yaml:2:1: kind: /],
    ['another version of ours', policy('p').replace('v1alpha1', 'v9'), /\/p\.yaml:1:1: apiVersion: /],
    ['no policy at all', '# nothing\n', /^\/p\.yaml: holds no PodPolicy/],
    ['only something else', 'kind: Pod\n', /^\/p\.yaml: holds no PodPolicy/],
    ['a merge key, which YAML 1.2 has not', `x: &x {a: 1}\n${policy('p')}<<: *x\n`, /is not a known field/],
  ])('%s', async (_what, text, message) => {
    expect(await failureOf([await file('p.yaml', text)])).toMatch(message);
  });

  test('an empty folder', async () => {
    expect(await failureOf([dir])).toMatch(/holds no PodPolicy/);
  });
});

function bomb(): string {
  const rows = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`);
  return `a0: &a0 x\n${rows.join('\n')}\nkind: PodPolicy\n`;
}
