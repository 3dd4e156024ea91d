import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProcess, startProcess } from '../drivers/process.ts';
import { runProgram } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { kubeconfigOf } from '../harness/controller.ts';
import { asList, findObject, podOf, type RenderedObject, renderObjects } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespace.ts';
import { sekishoEnvironment, sekishoProgram } from '../harness/sekisho-program.ts';

/*
 * Every process of the chart with its own arguments, settings and service account, here as processes of this machine:
 * whether what it is granted is enough. Whether it is too much is chart-rbac.test.ts.
 */

const port = 20_000 + Math.floor(Math.random() * 10_000);

describeCase('with the rights that the chart gives it,', ['helm', 'binaries', 'webhookAddress'], () => {
  const release = `p${randomBytes(4).toString('hex')}`;
  const running: RunningProcess[] = [];
  let namespace: string;
  let folder: string;
  let objects: readonly RenderedObject[];

  beforeAll(async () => {
    namespace = await createNamespace();
    folder = await mkdtemp(join(sharedCluster().folder, 'chart-'));
    const label = { e2e: release };
    objects = await renderObjects({
      namespace,
      values: {
        fullnameOverride: release,
        commonLabels: label,
        // Nothing but canaries is judged, so that no other case notices.
        webhook: { namespaceSelector: { matchLabels: label }, port },
      },
    });
    const canaries = objects.filter(({ kind }) => kind === 'Namespace');
    await kubectlOutput(['apply', '-f', '-'], { stdin: asList(canaries) });
    const rest = objects.filter(({ kind }) => !['Namespace', 'Pod', 'Job', 'Deployment'].includes(kind));
    await kubectlOutput(['apply', '-f', '-'], { stdin: asList(rest) });
    await callByAddress();
    const settings = findObject(objects, 'ConfigMap', `${release}-settings`)['data'] as Record<string, string>;
    const named = `${settings['settings.yaml']}`.replace('certs:\n', 'certs:\n  names: [127.0.0.1]\n');
    await writeFile(join(folder, 'settings.yaml'), named);
    const policies = findObject(objects, 'ConfigMap', `${release}-policies`)['data'] as Record<string, string>;
    await writeFile(join(folder, 'policy.yaml'), `${policies['pod-security.yaml']}`);
  });
  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await kubectl(['delete', 'validatingwebhookconfiguration', release, '--ignore-not-found']);
  });

  /** No pod runs, so no Service leads anywhere. */
  async function callByAddress(): Promise<void> {
    const operations = [
      { op: 'remove', path: '/webhooks/0/clientConfig/service' },
      { op: 'add', path: '/webhooks/0/clientConfig/url', value: `https://127.0.0.1:${port}/validate` },
    ];
    await kubectlOutput([
      'patch',
      'validatingwebhookconfiguration',
      release,
      '--type=json',
      '-p',
      JSON.stringify(operations),
    ]);
  }

  /** Its arguments in the chart, with the files where they are here. */
  async function argumentsOf(kind: string, process: string): Promise<readonly string[]> {
    const [container] = podOf(findObject(objects, kind, `${release}-${process}`))?.spec.containers ?? [];
    const args = (container?.args ?? []).map((each) =>
      each
        .replace('/etc/sekisho/settings/settings.yaml', join(folder, 'settings.yaml'))
        .replace('/etc/sekisho/policies', join(folder, 'policy.yaml')),
    );
    return [...args, '--kubeconfig', await kubeconfigOf(`${release}-${process}`, namespace)];
  }

  const env = sekishoEnvironment('/nonexistent');

  async function start(process: string, ...more: readonly string[]): Promise<RunningProcess> {
    const args = [...(await argumentsOf('Deployment', process)), '--host=127.0.0.1', '--probe-port=0', ...more];
    const started = startProcess(sekishoProgram, args, { env, graceMs: 20_000 });
    running.push(started);
    return started;
  }

  const refused = /User \\?"system:serviceaccount|"status":403|status 403/;

  async function probe(started: RunningProcess, path: string): Promise<string | undefined> {
    const url = /"probeUrl":"([^"]+)"/.exec(started.output())?.[1];
    if (url === undefined) return undefined;
    const response = await fetch(new URL(path, url)).catch(() => undefined);
    return response?.status === 200 ? response.text() : undefined;
  }

  test('the controller takes its lease, makes the CA and writes it into the webhook configuration', async () => {
    const controller = await start('controller', '--log-level=debug');
    const bundle = [
      'get',
      'validatingwebhookconfiguration',
      release,
      '-o',
      'jsonpath={.webhooks[0].clientConfig.caBundle}',
    ];
    const written = async () => (await kubectlOutput(bundle)) || undefined;
    await waitFor(written, { withinMs: 50_000, what: 'the caBundle', process: controller });
    const holder = ['-n', namespace, 'get', 'lease', `${release}-controller`, '-o', 'jsonpath={.spec.holderIdentity}'];
    expect(await kubectlOutput(holder)).not.toBe('');
    expect(controller.output()).not.toMatch(refused);
  });

  test('serve signs its leaf and is ready, because the live configuration trusts it', async () => {
    const serve = await start('serve', '--log-level=debug');
    await waitFor(() => probe(serve, '/readyz'), { withinMs: 50_000, what: 'readiness of serve', process: serve });
    expect(serve.output()).not.toMatch(refused);
  });

  test('helm test finds that every path is intercepted', async () => {
    const args = await argumentsOf('Pod', 'test');
    const report = await waitFor(
      async () => {
        const outcome = await runProgram(sekishoProgram, args, { env });
        return outcome.code === 0 ? outcome : undefined;
      },
      { withinMs: 20_000, what: 'coverage of every path' },
    );
    expect(report.stdout).not.toMatch(refused);
    expect(report.stdout.trim().split('\n').length).toBeGreaterThanOrEqual(5);
    expect(report.stdout).not.toContain('NOT INTERCEPTED');
  });

  test('the controller alone finds the same', async () => {
    const [controller] = running;
    if (controller === undefined) throw new Error('the controller was not started');
    const page = await waitFor(
      async () => {
        const metrics = await probe(controller, '/metrics');
        return metrics !== undefined && /^sekisho_coverage\{path="[^"]+"\} 1$/m.test(metrics) ? metrics : undefined;
      },
      { withinMs: 50_000, what: 'sekisho_coverage', process: controller },
    );
    expect(page).toContain('sekisho_coverage');
    expect(controller.output()).not.toMatch(refused);
  });

  test('the cleanup deletes the configuration, which nobody makes again', async () => {
    const outcome = await runProgram(sekishoProgram, await argumentsOf('Job', 'cleanup'), { env });
    expect(outcome).toMatchObject({ code: 0, stdout: `deleted the webhook configuration ${release}\n` });
    expect((await kubectl(['get', 'validatingwebhookconfiguration', release])).stderr).toContain('not found');
  });
});
