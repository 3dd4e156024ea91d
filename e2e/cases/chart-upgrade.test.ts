import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noteCreated } from '../drivers/leftovers.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespace.ts';

/*
 * What the controller fills must survive what helm does, and helm must not trip over it. Here the test fills it, by the
 * very requests; pods, and so hooks, need a node.
 */

interface Configuration {
  readonly webhooks: readonly {
    readonly name: string;
    readonly failurePolicy: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** A copy of the chart with one more entry in its webhook configuration. */
async function chartWithSecondEntry(): Promise<string> {
  const copy = join(await mkdtemp(join(sharedCluster().folder, 'chart-')), 'sekisho');
  await cp(chartFolder, copy, { recursive: true });
  const file = join(copy, 'templates/webhook-configuration.yaml');
  const text = await readFile(file, 'utf8');
  const [, entry = ''] = text.split('webhooks:\n');
  expect(entry).toContain('name: pods.sekisho.dev');
  // The second one fails open and asks for nothing that is there.
  const second = entry
    .replace('pods.sekisho.dev', 'second.sekisho.dev')
    .replace(/failurePolicy: .*/, 'failurePolicy: Ignore')
    .replace(
      / {4}rules:[\s\S]*$/,
      '    rules:\n      - {apiGroups: [e2e.sekisho.dev], apiVersions: [v1], operations: [CREATE], resources: [nothing]}\n',
    );
  await writeFile(file, `${text}${second}`);
  return copy;
}

describeCase('helm, as the years go by,', ['helm'], () => {
  describe.each(['true', 'false'])('with --server-side=%s', (serverSide) => {
    const release = `u${randomBytes(4).toString('hex')}`;
    let namespace: string;
    let twoEntries: string;

    const run = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await helm([...args, '--namespace', namespace], { cluster: sharedCluster() });
      expect(code, `helm ${args.join(' ')}\n${stderr}`).toBe(0);
      return stdout;
    };
    // Nobody answers here: a configuration that failed closed would be in the way of other cases. The kinds are of the
    // whole cluster, and other cases install them.
    const names = `fullnameOverride=${release},commonLabels.e2e=${release}`;
    const narrow = ['--set', `webhook.failurePolicy=Ignore,crds.install=false,${names}`];
    const narrowed = [...narrow, '--set', 'webhook.namespaceSelector.matchLabels.e2e=nowhere'];
    const upgrade = (chart: string, ...sets: readonly string[]) =>
      run(
        'upgrade',
        release,
        chart,
        '--server-side',
        serverSide,
        ...narrowed,
        ...sets.flatMap((set) => ['--set', set]),
      );
    const get = async <T>(kind: string, name: string): Promise<T> =>
      JSON.parse(await kubectlOutput(['-n', namespace, 'get', kind, name, '-o', 'json'])) as T;
    const bundles = async () => {
      const { webhooks } = await get<Configuration>('validatingwebhookconfiguration', release);
      return Object.fromEntries(webhooks.map(({ name, clientConfig }) => [name, clientConfig.caBundle]));
    };
    const patch = (kind: string, name: string, operations: readonly object[]) =>
      kubectlOutput([
        '-n',
        namespace,
        'patch',
        kind,
        name,
        '--type=json',
        '-p',
        JSON.stringify(operations),
        '--field-manager=sekisho',
      ]);
    /** As the controller does it: only where it is not so. */
    const fillBundles = async (bundle: string): Promise<void> => {
      const { webhooks } = await get<Configuration>('validatingwebhookconfiguration', release);
      const operations = webhooks.flatMap(({ name }, index) => [
        { op: 'test', path: `/webhooks/${index}/name`, value: name },
        { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: bundle },
      ]);
      await patch('validatingwebhookconfiguration', release, operations);
    };
    const filled = async () => {
      const secret = await get<{ data?: object }>('secret', `${release}-ca`);
      const lease = await get<{ spec?: { holderIdentity?: string } }>('lease', `${release}-controller`);
      return [Object.keys(secret.data ?? {}), lease.spec?.holderIdentity];
    };
    /** The two entries that the chart makes, with the same CA. */
    const both = (bundle: string | undefined) => ({ 'pods.sekisho.dev': bundle, 'policies.sekisho.dev': bundle });
    const encode = (text: string): string =>
      Buffer.from(
        `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----\n`,
      ).toString('base64');

    beforeAll(async () => {
      namespace = await createNamespace();
      twoEntries = await chartWithSecondEntry();
      for (const kind of ['clusterrole', 'clusterrolebinding'] as const) {
        for (const process of ['serve', 'controller'])
          await noteCreated(sharedCluster(), kind, `${release}-${process}`);
      }
      await noteCreated(sharedCluster(), 'namespace', `${release}-canary`);
      await noteCreated(sharedCluster(), 'validatingwebhookconfiguration', release);
    });
    afterAll(() => kubectl(['delete', 'validatingwebhookconfiguration', release, '--ignore-not-found']));

    test('installs what the controller will fill, empty', async () => {
      await run('install', release, chartFolder, `--server-side=${serverSide}`, ...narrowed);
      expect(await bundles()).toEqual(both(undefined));
      expect(await filled()).toEqual([[], undefined]);
    });

    test('upgrades, and what was filled stays', async () => {
      await fillBundles(encode('first'));
      await patch('secret', `${release}-ca`, [
        { op: 'add', path: '/data', value: { 'tls.crt': 'QQ==', 'tls.key': 'QQ==', 'ca.crt': 'QQ==' } },
      ]);
      await patch('lease', `${release}-controller`, [
        { op: 'add', path: '/spec', value: { holderIdentity: 'one', leaseDurationSeconds: 15 } },
      ]);
      await upgrade(chartFolder, 'mode=Enforce,webhook.failurePolicy=Fail');
      expect(await bundles()).toEqual(both(encode('first')));
      expect(await filled()).toEqual([['ca.crt', 'tls.crt', 'tls.key'], 'one']);
      const { webhooks } = await get<Configuration>('validatingwebhookconfiguration', release);
      expect(webhooks[0]?.failurePolicy).toBe('Fail');
    });

    test('adds an entry, which is filled, and takes it away again', async () => {
      await upgrade(twoEntries);
      expect(await bundles()).toEqual({ ...both(encode('first')), 'second.sekisho.dev': undefined });
      await fillBundles(encode('second'));
      await upgrade(chartFolder);
      expect(await bundles()).toEqual(both(encode('second')));
    });

    test('rolls back over an entry, both ways', async () => {
      await run('rollback', release, '3', `--server-side=${serverSide}`);
      expect(Object.keys(await bundles())).toEqual([...Object.keys(both('')), 'second.sekisho.dev']);
      await fillBundles(encode('third'));
      await run('rollback', release, '4', `--server-side=${serverSide}`);
      expect(await bundles()).toEqual(both(encode('third')));
      expect(await filled()).toEqual([['ca.crt', 'tls.crt', 'tls.key'], 'one']);
    });

    test('restores a configuration that was deleted to break the glass', async () => {
      await kubectlOutput(['delete', 'validatingwebhookconfiguration', release]);
      await upgrade(chartFolder);
      expect(await bundles()).toEqual(both(undefined));
      await fillBundles(encode('fourth'));
    });

    test('changes to certificates of your own, over the field of the controller only by force, and back', async () => {
      const own = Buffer.from(encode('own'), 'base64').toString();
      const mode = `certificates.mode=existing,certificates.existing.secretName=own,certificates.existing.caBundle=${own}`;
      if (serverSide === 'true') {
        const args = ['upgrade', release, chartFolder, '--namespace', namespace, ...narrowed, '--set', mode];
        const refused = await helm(args, { cluster: sharedCluster() });
        expect(refused.stderr).toContain('conflicts with "sekisho"');
        await run('upgrade', release, chartFolder, '--force-conflicts', ...narrowed, '--set', mode);
      } else await upgrade(chartFolder, mode);
      expect(await bundles()).toEqual(both(Buffer.from(own.trim()).toString('base64')));
      expect((await kubectl(['-n', namespace, 'get', 'secret', `${release}-ca`])).stderr).toContain('not found');
      await upgrade(chartFolder);
      expect(await bundles()).toEqual(both(undefined));
      expect(await filled()).toEqual([[], 'one']);
    });

    test('uninstalls, and nothing of it is left', async () => {
      await run('uninstall', release, '--no-hooks');
      const kinds =
        'validatingwebhookconfigurations,clusterroles,clusterrolebindings,deployments,services,secrets,leases,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,resourcequotas,poddisruptionbudgets';
      expect(await kubectlOutput(['get', kinds, '-A', '-l', `e2e=${release}`, '-o', 'name'])).toBe('');
    });
  });
});
