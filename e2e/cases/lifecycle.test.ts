import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeDriver } from '../drivers/node.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase } from '../harness/case.ts';
import { helmOutput } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { nodeTimeoutMs, sekishoImage, startNode } from '../harness/node.ts';
import { whatIsLeft } from '../harness/release.ts';

const manifests = readManifests(import.meta.filename);
const minutes = 60_000;
const chart = join(import.meta.dirname, '..', '..', 'charts', 'sekisho');

/** Every way from the chart to one with an entry more, or back, by which helm may write. */
const journeys = [
  { release: 'grows', from: 'chart', to: 'wider', serverSide: true },
  { release: 'shrinks', from: 'wider', to: 'chart', serverSide: true },
  { release: 'grows-here', from: 'chart', to: 'wider', serverSide: false },
  { release: 'shrinks-here', from: 'wider', to: 'chart', serverSide: false },
] as const;
type Journey = (typeof journeys)[number];

interface Configuration {
  readonly webhooks: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

interface CaSecret {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

describeCase('a release, from install to uninstall,', ['node'], () => {
  let driver: NodeDriver;
  let tenants = '';
  const charts = { chart, wider: '' };
  beforeAll(async () => {
    driver = await startNode();
    await sekishoImage(driver.cluster);
    tenants = await createNamespace({}, { cluster: driver.cluster });
    charts.wider = join(driver.cluster.folder, 'wider');
    await widen(charts.wider);
  }, nodeTimeoutMs);
  afterAll(() => driver?.[Symbol.asyncDispose]());

  /** The chart with one webhook more: config maps of the tenants, which nobody may create while it is not answered. */
  const widen = async (folder: string): Promise<void> => {
    await cp(chart, folder, { recursive: true });
    const file = join(folder, 'templates', 'webhook-configuration.yaml');
    const template = await readFile(join(import.meta.dirname, 'lifecycle-entry.tpl'), 'utf8');
    const entry = template.replaceAll('TENANTS', tenants);
    await writeFile(file, `${(await readFile(file, 'utf8')).trimEnd()}\n${entry}`);
  };

  const read = async <T>(...args: string[]): Promise<T> =>
    JSON.parse(await kubectlOutput([...args, '-o', 'json'], { cluster: driver.cluster })) as T;
  const configuration = ({ release }: Journey): Promise<Configuration> =>
    read('get', 'validatingwebhookconfiguration', `${release}-sekisho`);
  const secret = ({ release }: Journey): Promise<CaSecret> =>
    read('-n', release, 'get', 'secret', `${release}-sekisho-ca`);

  /** All replicas serve, and each entry trusts what the Secret says. */
  const expectWhole = async (journey: Journey, which: 'chart' | 'wider'): Promise<void> => {
    const own = ['pods.sekisho.dev', 'policies.sekisho.dev'];
    const names = which === 'wider' ? [...own, 'configmaps.sekisho.dev'] : own;
    const trusted = async (): Promise<true | undefined> => {
      const { webhooks } = await configuration(journey);
      const bundle = (await secret(journey)).data?.['ca.crt'];
      expect(webhooks.map(({ name }) => name)).toEqual(names);
      return webhooks.every(({ clientConfig }) => clientConfig.caBundle === bundle) ? true : undefined;
    };
    await waitFor(trusted, { withinMs: 30_000, what: `${journey.release}: the caBundle of every entry` });
    for (const object of ['Pod/good', 'ConfigMap/settings']) {
      const flags = ['-n', tenants, 'create', '--dry-run=server', '-f', '-'];
      const created = async (): Promise<true | undefined> =>
        (await kubectl(flags, { cluster: driver.cluster, stdin: manifests.object(object) })).code === 0
          ? true
          : undefined;
      await waitFor(created, { withinMs: 20_000, what: `${journey.release}: ${object} of a tenant`, everyMs: 500 });
    }
  };

  const rotate = async (journey: Journey): Promise<void> => {
    const name = `${journey.release}-sekisho-ca`;
    const before = (await secret(journey)).data?.['tls.crt'];
    const annotate = ['-n', journey.release, 'annotate', 'secret', name, 'sekisho.dev/rotate=now'];
    await kubectlOutput(annotate, { cluster: driver.cluster });
    const rotated = async (): Promise<true | undefined> => {
      const { metadata, data } = await secret(journey);
      const retired = metadata.annotations?.['sekisho.dev/ca-phase'] === 'Retired';
      return retired && data?.['tls.crt'] !== before && data?.['ca.crt'] === data?.['tls.crt'] ? true : undefined;
    };
    await waitFor(rotated, { withinMs: 2 * minutes, what: `${journey.release}: the new CA`, everyMs: 500 });
  };

  test.concurrent.for(journeys)(
    '$release (server-side $serverSide): installed, rotated, upgraded, rolled back, uninstalled',
    { timeout: 8 * minutes },
    async (journey) => {
      const { release, from, to, serverSide } = journey;
      const { cluster } = driver;
      const helm = (...args: string[]): Promise<string> =>
        helmOutput([...args, '--namespace', release, '--wait', '--timeout=150s'], { cluster, timeoutMs: 3 * minutes });
      // One release of a cluster brings the kinds; the others serve before they are there, and after.
      const kinds = `crds.install=${release === 'grows'}`;
      const flags = ['--values', 'e2e/cases/lifecycle-values.yaml', `--server-side=${serverSide}`, '--set', kinds];
      await helm('install', release, charts[from], '--create-namespace', ...flags);
      await expectWhole(journey, from);
      await rotate(journey);
      await expectWhole(journey, from);
      await helm('upgrade', release, charts[to], ...flags);
      await expectWhole(journey, to);
      await helm('rollback', release, '1', `--server-side=${serverSide}`);
      await expectWhole(journey, from);
      await helm('uninstall', release);
      const left = await whatIsLeft(cluster);
      expect(left.filter((name) => name.includes(`/${release}-sekisho`))).toEqual([]);
    },
  );
});
