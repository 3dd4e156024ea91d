import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCredentials } from '../../src/io/cluster/credentials.ts';
import { createClusterClient } from '../../src/io/cluster/http-client.ts';
import { createObjectWatcher } from '../../src/io/cluster/object-watch.ts';
import { startApiServer } from '../drivers/api-server.ts';
import type { Driver } from '../drivers/cluster.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { kubeconfigOf } from '../harness/controller.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';

const manifests = readManifests(import.meta.filename);
const namespace = 'default';
const collection = `/api/v1/namespaces/${namespace}/secrets`;

describeCase('an object that is followed', ['binaries'], () => {
  let driver: Driver | undefined;
  let kubeconfig: string;
  beforeAll(async () => {
    const { binaries, driver: kind } = sharedCluster();
    if (binaries === undefined) throw new Error('the case needs binaries');
    driver = await startApiServer(binaries, kind);
    await run(['create', '-f', '-'], manifests.all().replaceAll('NAMESPACE', namespace));
    await write('one');
    kubeconfig = await kubeconfigOf('watcher', namespace, driver.cluster);
  });
  afterAll(() => driver?.[Symbol.asyncDispose]());

  function run(args: readonly string[], stdin = ''): Promise<string> {
    if (driver === undefined) throw new Error('no API server');
    return kubectlOutput(['-n', namespace, ...args], { stdin, cluster: driver.cluster });
  }

  function write(value: string): Promise<string> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ca' }, stringData: { value } };
    return run(['apply', '-f', '-'], JSON.stringify(secret));
  }

  /** The values seen, `-` while it does not exist. */
  async function follow(seconds: number) {
    const states: string[] = [];
    const failures: string[] = [];
    const client = createClusterClient(await readCredentials(kubeconfig));
    const watchQuickly = createObjectWatcher({ random: Math.random, seconds, shortestWait: 200, longestWait: 1_000 });
    const listener = {
      seen: (object: unknown) => states.push(secretValue(object)),
      failed: (error: Error) => failures.push(error.message),
    };
    const watch = watchQuickly(client, { collection, name: 'ca' }, listener);
    const saw = (value: string) =>
      waitFor(async () => states.at(-1) === value || undefined, { withinMs: 30_000, what: `${value}, not ${states}` });
    const stop = async () => {
      await watch[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    };
    return { states, failures, saw, [Symbol.asyncDispose]: stop };
  }

  test('is seen as it is, changes, goes and comes back, by an account that may not list', async () => {
    await using following = await follow(30);
    await following.saw('one');
    await write('two');
    await following.saw('two');
    await run(['delete', 'secret', 'ca']);
    await following.saw('-');
    await write('one');
    await following.saw('one');
    expect(following).toMatchObject({ states: ['one', 'two', '-', 'one'], failures: [] });
  });

  test('across watches that the API server ends every second, nothing is missed or said twice', async () => {
    await using following = await follow(1);
    await following.saw('one');
    for (let i = 0; i < 8; i++) {
      await write(`change ${i}`);
      await following.saw(`change ${i}`);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    await write('one');
    await following.saw('one');
    expect(following.states).toHaveLength(10);
    expect(following.failures).toEqual([]);
  });

  test('across a restart of the API server, which has then forgotten the version of an object at rest', async () => {
    await using following = await follow(30);
    await following.saw('one');
    for (let i = 0; i < 5; i++) await run(['create', 'configmap', `other-${i}`]);
    const version = await run(['get', 'secret', 'ca', '-o', 'jsonpath={.metadata.resourceVersion}']);
    await driver?.restart?.();
    // Why a watch must not begin at the version of the object it follows.
    const query = `watch=1&fieldSelector=metadata.name%3Dca&resourceVersion=${version}&timeoutSeconds=2`;
    expect(await run(['get', '--raw', `${collection}?${query}`])).toContain('"code":410');
    await using late = await follow(30);
    await late.saw('one');
    await write('two');
    await following.saw('two');
    await late.saw('two');
    expect(late.failures).toEqual([]);
    expect(following.states).toEqual(['one', 'two']);
  });
});

function secretValue(object: unknown): string {
  const data = (object as { data?: { value?: string } } | undefined)?.data;
  return data?.value === undefined ? '-' : Buffer.from(data.value, 'base64').toString();
}
