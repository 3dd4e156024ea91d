import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueLeaf } from '../../../src/io/tls/issue.ts';
import type { KeyPair, ServingPair } from '../../../src/io/tls/key-pair.ts';
import { watchServingPair } from '../../../src/io/tls/serving.ts';
import { daysFrom } from '../../lifetimes.ts';
import { authority, newLeaf, open, startWebhook } from '../server/running-webhook.ts';

const [first, second] = [await newLeaf(), await newLeaf()];
const names = { dns: ['localhost'], ip: ['127.0.0.1'] };
const day = 86_400_000;
const at = (offset: number) => daysFrom(new Date(Date.now() + offset));
const expired = await issueLeaf(authority, names, at(-3 * day));
const early = await issueLeaf(authority, names, at(3 * day));

let dir: string;
let files: { cert: string; key: string };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sekisho-serving-'));
  files = { cert: join(dir, 'tls.crt'), key: join(dir, 'tls.key') };
  await write(first);
});
afterEach(() => rm(dir, { recursive: true }));

async function write({ cert, key }: KeyPair): Promise<void> {
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
}

async function watch() {
  const changed: ServingPair[] = [];
  const failures: string[] = [];
  const watching = await watchServingPair(files, {
    changed: (pair) => changed.push(pair),
    failed: (error) => failures.push(error.message),
  });
  return { watching, changed, failures, [Symbol.dispose]: () => watching[Symbol.dispose]() };
}

describe('a pair of files', () => {
  test('is read at the start', async () => {
    using watched = await watch();
    expect(watched.watching.pair).toMatchObject(first);
  });

  test.each([
    ['missing', () => rm(files.key), /tls\.key: cannot be read/],
    ['empty', () => writeFile(files.cert, ''), /certificate cannot be read/],
    ['no key', () => writeFile(files.key, first.cert), /key cannot be read/],
    ['not belonging together', () => writeFile(files.key, second.key), /does not belong/],
    ['expired', () => write(expired), /expired at/],
    ['not valid yet', () => write(early), /not valid before/],
  ])('that is %s is refused at the start, naming the file', async (_how, spoil, message) => {
    await spoil();
    await expect(watch()).rejects.toThrow(message);
    await expect(watch()).rejects.toThrow(dir);
  });

  test.each([
    ['half written', () => writeFile(files.cert, first.cert.slice(0, 500))],
    ['mismatched', () => writeFile(files.cert, second.cert)],
    ['gone', () => rm(files.cert)],
    ['expired', () => write(expired)],
    ['not valid yet', () => write(early)],
    ['garbage', () => writeFile(files.key, 'key')],
  ])('that becomes %s keeps the last good one, says so once, and recovers', async (_how, spoil) => {
    using watched = await watch();
    await spoil();
    for (let i = 0; i < 3; i++) await watched.watching.poll();
    expect(watched.changed).toEqual([]);
    expect(watched.failures).toHaveLength(1);
    expect(watched.watching.pair).toMatchObject(first);
    await write(second);
    await watched.watching.poll();
    expect(watched.changed).toHaveLength(1);
    expect(watched.watching.pair).toMatchObject(second);
  });

  test('that kubelet swaps in a Secret volume is noticed by itself, and a bad one in between does no harm', async () => {
    const [volume, versions] = [
      join(dir, 'volume'),
      { old: first, mixed: { ...first, key: second.key }, fresh: second },
    ];
    await mkdir(volume);
    files = { cert: join(volume, 'tls.crt'), key: join(volume, 'tls.key') };
    for (const file of ['tls.crt', 'tls.key']) await symlink(join('..data', file), join(volume, file));
    /** As kubelet's AtomicWriter: a new folder, a link to it that takes the place of the old one, the old folder gone. */
    const swap = async (name: keyof typeof versions, before?: string) => {
      const folder = `..${name}`;
      await mkdir(join(volume, folder));
      await writeFile(join(volume, folder, 'tls.crt'), versions[name].cert);
      await writeFile(join(volume, folder, 'tls.key'), versions[name].key);
      await symlink(folder, join(volume, '..data_tmp'));
      await rename(join(volume, '..data_tmp'), join(volume, '..data'));
      if (before !== undefined) await rm(join(volume, before), { recursive: true });
    };
    await swap('old');
    using watched = await watch();
    await swap('mixed', '..old');
    await expect.poll(() => watched.failures, { timeout: 5_000 }).toEqual([expect.stringContaining('does not belong')]);
    expect(watched.watching.pair).toMatchObject(first);
    await swap('fresh', '..mixed');
    await expect.poll(() => watched.changed.length, { timeout: 5_000 }).toBe(1);
    expect(watched.watching.pair).toMatchObject(second);
  });

  test('that was only touched changes nothing', async () => {
    using watched = await watch();
    await utimes(files.cert, new Date(), new Date((await stat(files.cert)).mtimeMs + 5_000));
    await watched.watching.poll();
    expect([watched.changed, watched.failures]).toEqual([[], []]);
  });
});

test('a running server shows the new certificate to new connections and keeps the old ones', async () => {
  await using webhook = await startWebhook();
  const before = await open(webhook.port);
  webhook.serve(second);
  const after = connect({ port: webhook.port, host: '127.0.0.1', ca: authority.cert });
  await once(after, 'secureConnect');
  expect(after.getPeerX509Certificate()?.toString().trim()).toBe(second.cert.trim());
  expect(before.getPeerX509Certificate()?.toString().trim()).not.toBe(second.cert.trim());
  const old = connect({ port: webhook.port, host: '127.0.0.1', ca: authority.cert, maxVersion: 'TLSv1.2' });
  await expect(once(old, 'secureConnect'), 'still TLS 1.3 alone').rejects.toThrow(/alert|version/);
  before.write('POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
  expect(String(await once(before, 'data'))).toMatch(/^HTTP\/1\.1 400/);
  for (const socket of [before, after]) socket.destroy();
});
