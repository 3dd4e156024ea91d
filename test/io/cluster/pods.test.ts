import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClusterClient } from '../../../src/io/cluster/client.ts';
import { createPodSource } from '../../../src/io/cluster/pods.ts';
import { createLogger } from '../../../src/io/log.ts';
import { type Asked, type Interception, type LoopbackApi, startApi, statusOf } from './loopback-api.ts';

const log = createLogger('error');
const shop = { name: 'shop', uid: '5e8c' };
const path = '/api/v1/namespaces/shop/pods';

let api: LoopbackApi;
let client: ClusterClient;
let intercept: (call: Asked) => Interception | undefined | Promise<Interception | undefined>;
beforeEach(async () => {
  intercept = () => undefined;
  api = await startApi({ intercept: (call) => intercept(call) });
  api.collections.add(path);
  api.put('/api/v1/namespaces/shop', { metadata: { name: 'shop', uid: '5e8c' } });
  client = api.connect();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

const putPods = (count: number): void => {
  for (let i = 0; i < count; i++) api.put(`${path}/p${i}`, { metadata: { name: `p${i}` } });
};
const source = (elapsed = () => 0) => createPodSource({ client, log, elapsed });

async function lengths(pages = source().pages(shop)): Promise<readonly (number | string)[]> {
  const found: (number | string)[] = [];
  for await (const { pods, remaining } of pages) {
    found.push(pods.length);
    if (remaining !== undefined) found.push(`and ${remaining}`);
  }
  return found;
}

const lists = (): readonly string[] => api.asked.filter((call) => call.path === path).map(({ query }) => `${query}`);

test('pods come page by page, to the end', async () => {
  putPods(401);
  expect(await lengths()).toEqual([200, 200, 1]);
  expect(lists()).toHaveLength(3);
});

test('a namespace without pods has one empty page', async () => {
  expect(await lengths()).toEqual([0]);
});

test('after three thousand it ends, and says how many more there are', async () => {
  intercept = (call) => {
    if (call.path !== path) return undefined;
    const items = Array.from({ length: 200 }, () => ({}));
    return { status: 200, body: { items, metadata: { continue: 'more', remainingItemCount: 97 } } };
  };
  expect((await lengths()).slice(-2)).toEqual([200, 'and 97']);
  expect(lists()).toHaveLength(15);
});

test.each([
  ['another uid', { name: 'shop', uid: '5e8d' }],
  ['no uid', { name: 'shop', uid: '' }],
  ['a name that is a path', { name: '../secrets', uid: '5e8c' }],
  ['no name', { name: '', uid: '5e8c' }],
])('whoever made a namespace up is told nothing: %s', async (_, identity) => {
  putPods(1);
  await expect(lengths(source().pages(identity))).rejects.toThrow('the cluster has no such namespace');
  expect(lists()).toEqual([]);
  expect(api.asked.every((call) => call.path === '/api/v1/namespaces/shop')).toBe(true);
});

test('what the API server says of us stays with us', async () => {
  intercept = (call) => (call.path === path ? { status: 403, body: statusOf(403, 'sekisho may not list') } : undefined);
  await expect(lengths()).rejects.toThrow(/^the API server answered 403$/);
  intercept = (call) => (call.path === path ? 'reset' : undefined);
  await expect(lengths()).rejects.toThrow(/^the API server did not answer in time$/);
});

test('the whole takes a second, whatever each page takes', async () => {
  let now = 0;
  putPods(401);
  intercept = async (call) => {
    now += call.path === path ? 600 : 0;
    return now > 1_000 ? 'hang' : undefined;
  };
  await expect(lengths(source(() => now).pages(shop))).rejects.toThrow(/did not answer in time/);
  expect(lists()).toHaveLength(2);
});

test('no more than four at once, and one again when another has ended', async () => {
  const pods = source();
  const open = Array.from({ length: 4 }, () => pods.pages(shop)[Symbol.asyncIterator]());
  await Promise.all(open.map((pages) => pages.next()));
  await expect(lengths(pods.pages(shop))).rejects.toThrow('too many');
  await open[0]?.return?.();
  expect(await lengths(pods.pages(shop))).toEqual([0]);
  for (const pages of open) await pages.return?.();
});

test('no more than a hundred in a row, and twenty in each second after', async () => {
  let elapsed = 0;
  const pods = source(() => elapsed);
  const ask = () => lengths(pods.pages({ name: 'shop', uid: 'made up' })).catch(({ message }: Error) => message);
  for (let index = 0; index < 100; index++) expect(await ask()).toBe('the cluster has no such namespace');
  expect(await ask()).toBe('too many pods are being listed');
  elapsed = 1_000;
  for (let index = 0; index < 20; index++) expect(await ask()).toBe('the cluster has no such namespace');
  expect(await ask()).toBe('too many pods are being listed');
});
