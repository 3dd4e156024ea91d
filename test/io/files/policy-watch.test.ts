import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PolicyReading } from '../../../src/core/policy/policy-reading.ts';
import { watchPolicies } from '../../../src/io/files/policy-watch.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sekisho-policy-watch-'));
});
afterEach(() => rm(dir, { recursive: true }));

const policy = (name: string, more = 'podSecurity: {level: baseline}'): string =>
  `apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: ${name}}\nspec:\n  mode: Enforce\n  ${more}\n`;
const broken = (name: string, more = ''): string => policy(name, `podSecurity: {level: strict}\n  ${more}`);

const write = (name: string, text: string): Promise<void> => writeFile(join(dir, name), text);

/** `name` as it stands, `name kept`, `name unread`. */
function holding({ ready, kept, unread }: PolicyReading): readonly string[] {
  return [
    ...ready.map(({ object: { metadata } }) => metadata.name),
    ...kept.map(({ object: { metadata } }) => `${metadata.name} kept`),
    ...unread.map(({ metadata }) => `${metadata.name} unread`),
  ];
}

const reasonsOf = ({ problems }: PolicyReading): string =>
  problems.map(({ reason, remainder }) => `${remainder}: ${reason}`.replaceAll(dir, '')).join('\n');

async function watch(sources: readonly string[] = [dir]) {
  const readings: PolicyReading[] = [];
  const failures: string[] = [];
  const warnings: string[] = [];
  const watching = await watchPolicies(sources, {
    read: (reading) => readings.push(reading),
    failed: ({ message }) => failures.push(message.replaceAll(dir, '')),
    warn: (message) => warnings.push(message.replaceAll(dir, '')),
  });
  return {
    readings,
    failures,
    warnings,
    holding: () => holding(watching.reading),
    reasons: () => reasonsOf(watching.reading),
    poll: async () => {
      await watching.poll();
      return holding(watching.reading);
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

describe('policies while they are served', () => {
  test('follow what is changed, added and removed in a folder, built-ins stay', async () => {
    await write('a.yaml', policy('a'));
    using watched = await watch(['builtin:baseline', dir]);
    expect(watched.holding()).toEqual(['builtin:baseline', 'a']);
    await write('b.yaml', policy('b'));
    expect(await watched.poll()).toEqual(['builtin:baseline', 'a', 'b']);
    await write('a.yaml', policy('another'));
    expect(await watched.poll()).toEqual(['builtin:baseline', 'another', 'b']);
    await rm(join(dir, 'a.yaml'));
    expect(await watched.poll()).toEqual(['builtin:baseline', 'b']);
    expect(watched.failures).toEqual([]);
  });

  test('are not read again as long as nothing changes', async () => {
    await write('a.yaml', policy('a'));
    using watched = await watch();
    for (let i = 0; i < 3; i++) await watched.poll();
    expect(watched.readings).toEqual([]);
  });

  test('are followed without being asked', async () => {
    await write('a.yaml', policy('a'));
    using watched = await watch([join(dir, 'a.yaml')]);
    await write('a.yaml', policy('longer'));
    await expect.poll(watched.holding, { timeout: 10_000 }).toEqual(['longer']);
  });

  test('of a ConfigMap volume are one version of it, before its links have followed', async () => {
    await volume('one', { 'a.yaml': policy('a1'), 'gone.yaml': policy('gone') });
    for (const name of ['a.yaml', 'gone.yaml']) await symlink(join('..data', name), join(dir, name));
    using watched = await watch();
    expect(watched.holding()).toEqual(['a1', 'gone']);
    await volume('two', { 'a.yaml': policy('a2'), 'new.yaml': policy('new') });
    expect(await watched.poll(), 'kubelet makes and removes links after the swap').toEqual(['a2', 'new']);
    await rm(join(dir, 'gone.yaml'));
    await symlink(join('..data', 'new.yaml'), join(dir, 'new.yaml'));
    await rm(join(dir, '..one'), { recursive: true });
    expect(await watched.poll()).toEqual(['a2', 'new']);
    expect(watched.failures).toEqual([]);
  });
});

async function volume(version: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(dir, `..${version}`));
  for (const [name, text] of Object.entries(files)) await write(join(`..${version}`, name), text);
  await symlink(`..${version}`, join(dir, '..data_tmp'));
  await rename(join(dir, '..data_tmp'), join(dir, '..data'));
}

describe('a policy that becomes invalid while it is served', () => {
  test.each([
    ['a field that is none', policy('a', 'mood: good'), /^kept: \/a\.yaml:6:3: spec\.mood: is not a known field$/],
    ['a value that is none', broken('a'), /^kept: \/a\.yaml:6:\d+: spec\.podSecurity\.level: /],
    ['a name that is none', policy('A'), /^kept: \/a\.yaml:3:\d+: metadata\.name: /],
    ['another name and a value that is none', broken('other'), /^kept: .*level/],
    ['half of it', 'apiVersion: sekisho.dev/v1alpha1\nki', /^kept: /],
    ['no YAML', 'a: [1,\nb: 2\n', /^kept: \/a\.yaml:\d+:\d+: /],
    ['nothing', '', /^kept: \/a\.yaml: holds no PodPolicy any more: remove the file/],
    ['something else', 'hello', /^kept: \/a\.yaml: holds no PodPolicy any more/],
  ])('by %s stays as it was, and is replaced when it is good again', async (_what, text, reason) => {
    await write('a.yaml', policy('a'));
    await write('b.yaml', policy('b'));
    using watched = await watch();
    const before = watched.holding();
    expect(before).toEqual(['a', 'b']);
    await write('a.yaml', text);
    await write('b.yaml', policy('b2'));
    for (let i = 0; i < 3; i++) expect(await watched.poll()).toEqual(['b2', 'a kept']);
    expect(watched.reasons()).toMatch(reason);
    expect(watched.readings).toHaveLength(1);
    await write('a.yaml', policy('a', 'podSecurity: {level: restricted}'));
    expect(await watched.poll()).toEqual(['a', 'b2']);
    expect(watched.reasons()).toBe('');
    expect(watched.readings.at(-1)?.ready[0]?.object.spec).toMatchObject({ podSecurity: { level: 'restricted' } });
  });

  test('goes when its file goes', async () => {
    await write('a.yaml', policy('a'));
    await write('b.yaml', policy('b'));
    using watched = await watch();
    await write('a.yaml', broken('a'));
    expect(await watched.poll()).toEqual(['b', 'a kept']);
    await rm(join(dir, 'a.yaml'));
    expect(await watched.poll()).toEqual(['b']);
  });

  test('takes no policy along that stands beside it, and one that is removed beside it goes', async () => {
    await write('a.yaml', [policy('a'), policy('b'), policy('c')].join('---\n'));
    using watched = await watch();
    await write('a.yaml', [broken('a'), policy('b2')].join('---\n'));
    expect(await watched.poll()).toEqual(['b2', 'a kept']);
  });

  test('is unread where it was never good', async () => {
    await write('a.yaml', policy('a'));
    using watched = await watch();
    await write('b.yaml', broken('b'));
    expect(await watched.poll()).toEqual(['a', 'b unread']);
    await write('b.yaml', policy('b'));
    expect(await watched.poll()).toEqual(['a', 'b']);
  });

  test.each([
    ['all files gone', () => rm(join(dir, 'a.yaml')), /holds no PodPolicy/],
    ['the folder gone', () => rm(dir, { recursive: true }), /cannot be read: ENOENT/],
    ['a file gone that is only linked to', linkToNothing, /dangling\.yaml: cannot be read: ENOENT/],
  ])('%s: what held holds, said once', async (_what, spoil, message) => {
    await write('a.yaml', policy('a'));
    using watched = await watch();
    await spoil();
    for (let i = 0; i < 3; i++) expect(await watched.poll()).toEqual(['a']);
    expect(watched.failures).toEqual([expect.stringMatching(message)]);
    expect(watched.readings).toEqual([]);
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir);
    await write('a.yaml', policy('a3'));
    expect(await watched.poll()).toEqual(['a3']);
  });

  test('a second bearer of a name is not used; one that moves to another file by way of two is not lost', async () => {
    await write('b.yaml', policy('b', 'podSecurity: {level: restricted}'));
    using watched = await watch();
    await write('a.yaml', policy('b'));
    expect(await watched.poll()).toEqual(['b']);
    expect(watched.readings.at(-1)?.ready[0]?.object.spec).toMatchObject({ podSecurity: { level: 'restricted' } });
    expect(watched.reasons()).toBe('leftOut: /a.yaml:1:1: the policy b stands in /b.yaml:1:1 too: rename one of them');
    await rm(join(dir, 'b.yaml'));
    expect(await watched.poll()).toEqual(['b']);
    expect(watched.readings.at(-1)?.ready[0]?.object.spec).toMatchObject({ podSecurity: { level: 'baseline' } });
    expect(watched.reasons()).toBe('');
  });
});

function linkToNothing(): Promise<void> {
  return symlink('nowhere.yaml', join(dir, 'dangling.yaml'));
}

describe('a policy that is broken from the start', () => {
  test.each([
    ['a section', broken('p', 'match: {namespaces: {include: [shop]}}'), { include: ['shop'], mode: 'Enforce' }],
    ['its mode', policy('p', 'match: {}').replace('Enforce', 'enforce'), { include: [], mode: 'Warn' }],
    ['a section, without a mode', broken('p').replace('mode: Enforce', '# none'), { include: [], mode: 'Audit' }],
    ['the version of its kind', policy('p', 'match: {}').replace('v1alpha1', 'v9'), { include: [], mode: 'Enforce' }],
  ])('in %s keeps name, match and mode', async (_what, text, { include, mode }) => {
    await write('p.yaml', text);
    await write('q.yaml', policy('q'));
    using watched = await watch();
    expect(watched.holding()).toEqual(['q', 'p unread']);
    await write('r.yaml', policy('r'));
    await watched.poll();
    const [frame] = watched.readings.at(-1)?.unread ?? [];
    const everybody = { runtimeClasses: { exclude: [] }, users: { exclude: [], allowControllers: false } };
    const match = { namespaces: { include, exclude: [] }, ...everybody };
    expect(frame?.spec).toEqual({ mode, onUpdate: 'All', match });
  });

  test.each([
    ['its match', policy('p', 'match: {namespaces: {include: [Shop]}}')],
    ['the word match, which would mean every namespace', policy('p', 'mach: {namespaces: {include: [shop]}}')],
    ['its name', policy('P')],
    ['its kind', policy('p').replace('PodPolicy', 'PodPolcy')],
    ['its spec', 'apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: p}\nspec: [1]\n'],
    ['its syntax', `${policy('p')}: [\n`],
  ])('in %s is left out, the others serve', async (_what, text) => {
    await write('p.yaml', text);
    await write('q.yaml', policy('q'));
    using watched = await watch();
    expect(watched.holding()).toEqual(['q']);
    expect(watched.reasons()).toMatch(/^leftOut: \/p\.yaml:\d+:\d+: /);
  });

  test('says of other documents once that they are left out', async () => {
    await write('q.yaml', policy('q'));
    await write('n.yaml', 'apiVersion: v1\nkind: Namespace\n');
    using watched = await watch();
    await write('q.yaml', broken('q'));
    for (let i = 0; i < 3; i++) await watched.poll();
    expect(watched.warnings).toEqual(['/n.yaml:1:1: not a PodPolicy, left out']);
  });
});

describe('nothing is served', () => {
  test.each([
    ['a path that does not exist', {}, /none\.yaml: cannot be read/],
    ['a file that cannot be read', { link: true }, /dangling\.yaml: cannot be read/],
    ['a folder without a policy', { 'a.txt': '' }, /holds no PodPolicy/],
    ['two policies of one name', { 'a.yaml': policy('a'), 'b.yaml': policy('a') }, /b\.yaml:1:1: .* a stands in .*\/a/],
    [
      'two, one of them broken',
      { 'a.yaml': policy('a'), 'b.yaml': broken('a') },
      /b\.yaml: the policy a stands in .*\/a/,
    ],
  ])('from %s', async (_what, { link, ...files }: Readonly<Record<string, string | boolean>>, message) => {
    for (const [name, text] of Object.entries(files)) await write(name, String(text));
    if (link) await linkToNothing();
    const empty = Object.keys(files).length === 0 && link === undefined;
    await expect(watch([empty ? join(dir, 'none.yaml') : dir])).rejects.toThrow(message);
  });

  test('from a built-in that does not exist', async () => {
    await expect(watch(['builtin:strict'])).rejects.toThrow(/no such built-in/);
  });
});

const exception = (name: string, reason = 'vendor fix'): string =>
  `apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicyException\nmetadata: {name: ${name}}\nspec: {policies: [{name: a, rules: [hostPorts]}], match: {namespaces: {include: [shop]}}, reason: "${reason}", expiresAt: "2027-01-31T00:00:00Z"}\n`;

describe('exceptions in files', () => {
  test('come, go and break as policies do, but of one that was never good nothing is left', async () => {
    await write('a.yaml', policy('a'));
    await write('x.yaml', exception('x'));
    await write('z.yaml', exception('z', ''));
    using watched = await watch();
    expect(watched.holding()).toEqual(['a', 'x']);
    expect(watched.reasons()).toMatch(/^leftOut: \/z\.yaml:4:\d+: spec\.reason: /);
    await write('x.yaml', exception('x', ''));
    expect(await watched.poll()).toEqual(['a', 'x kept']);
    await rm(join(dir, 'x.yaml'));
    expect(await watched.poll()).toEqual(['a']);
  });

  test('are not enough: the last policies stay when only exceptions are left', async () => {
    await write('a.yaml', policy('a'));
    await write('x.yaml', exception('x'));
    using watched = await watch();
    await rm(join(dir, 'a.yaml'));
    expect(await watched.poll()).toEqual(['a', 'x']);
    expect(watched.failures).toEqual([': holds no PodPolicy: name a file or folder that does']);
  });
});
