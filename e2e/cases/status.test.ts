import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteCreated } from '../drivers/leftovers.ts';
import { type RunningProcess, startProcess } from '../drivers/process.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { kubeconfigOf } from '../harness/controller.ts';
import { asList, findObject, podOf, type RenderedObject, renderObjects } from '../harness/helm.ts';
import { installKinds } from '../harness/kinds.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespace.ts';
import { logOf, sekishoEnvironment, sekishoProgram } from '../harness/sekisho-program.ts';

const day = 24 * 3_600_000;
const apiVersion = 'sekisho.dev/v1alpha1';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly lastTransitionTime: string;
}

describeCase('what is made of policies and exceptions', ['helm', 'binaries'], () => {
  const release = `s${randomBytes(4).toString('hex')}`;
  const running: RunningProcess[] = [];
  let namespace: string;
  let folder: string;
  let objects: readonly RenderedObject[];

  beforeAll(async () => {
    await installKinds();
    namespace = await createNamespace();
    folder = join(sharedCluster().folder, release);
    await mkdir(join(folder, 'policies'), { recursive: true });
    const label = { e2e: release };
    // Nothing but canaries is judged, so that no other case notices; and those by nobody, for no serve runs.
    const webhook = { namespaceSelector: { matchLabels: label } };
    const values = { fullnameOverride: release, commonLabels: label, webhook };
    objects = await renderObjects({ release, namespace, values });
    for (const { kind, metadata } of objects) {
      if (metadata.namespace === undefined) await noteCreated(sharedCluster(), kind, metadata.name);
    }
    const left = ['Namespace', 'Pod', 'Job', 'CustomResourceDefinition'];
    await kubectlOutput(['apply', '-f', '-'], { stdin: asList(objects.filter(({ kind }) => kind === 'Namespace')) });
    await kubectlOutput(['apply', '-f', '-'], { stdin: asList(objects.filter(({ kind }) => !left.includes(kind))) });
    const data = (name: string) => findObject(objects, 'ConfigMap', `${release}-${name}`)['data'] as object;
    for (const [name, text] of Object.entries(data('settings'))) await writeFile(join(folder, name), text);
    for (const [name, text] of Object.entries(data('policies'))) await writeFile(join(folder, 'policies', name), text);
    await writeFile(join(folder, 'policies', 'taken.json'), JSON.stringify(policy(`${release}-taken`, {})));
    await ready('serve', 3);
    await ready('controller', 1);
  });
  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await kubectl(['delete', 'podpolicies,podpolicyexceptions', '-l', `e2e=${release}`]);
    await kubectl(['delete', 'validatingwebhookconfiguration', release, '--ignore-not-found']);
  });

  const labelled = (name: string) => ({ name, labels: { e2e: release } });
  /** It judges the namespace of this case only. */
  const policy = (name: string, spec: object) => ({
    apiVersion,
    kind: 'PodPolicy',
    metadata: labelled(name),
    spec: { match: { namespaces: { include: [namespace] } }, podSecurity: { level: 'baseline' }, ...spec },
  });
  const exception = (name: string, of: string, end: number) => ({
    apiVersion,
    kind: 'PodPolicyException',
    metadata: labelled(name),
    spec: {
      policies: [{ name: of, rules: ['privileged'] }],
      match: { namespaces: { include: [namespace] } },
      reason: 'a case of e2e',
      expiresAt: new Date(end).toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  });
  const apply = (object: object) => kubectlOutput(['apply', '-f', '-'], { stdin: JSON.stringify(object) });

  /** What a controller-manager would say of a Deployment. */
  async function ready(component: string, readyReplicas: number): Promise<void> {
    const status = { replicas: 3, updatedReplicas: 3, readyReplicas, availableReplicas: readyReplicas };
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    await kubectlOutput(['-n', namespace, 'patch', `deployment/${release}-${component}`, ...patch]);
  }

  /** With the arguments and the account of the chart. */
  async function startController(): Promise<RunningProcess> {
    const [container] = podOf(findObject(objects, 'Deployment', `${release}-controller`))?.spec.containers ?? [];
    const args = (container?.args ?? []).map((each) =>
      each.replace('/etc/sekisho/settings', folder).replace('/etc/sekisho/policies', join(folder, 'policies')),
    );
    const kubeconfig = await kubeconfigOf(`${release}-controller`, namespace);
    const more = ['--kubeconfig', kubeconfig, '--host=127.0.0.1', '--probe-port=0'];
    const started = startProcess(sekishoProgram, [...args, ...more], {
      env: sekishoEnvironment('/nonexistent'),
      graceMs: 20_000,
    });
    running.push(started);
    return started;
  }

  async function conditions(kind: string, name: string): Promise<readonly Condition[]> {
    const text = await kubectlOutput(['get', kind, name, '-o', 'json']);
    const { status } = JSON.parse(text) as { status?: { conditions: readonly Condition[] } };
    return status?.conditions ?? [];
  }
  const says = (kind: string, name: string, ...expected: readonly string[]) =>
    waitFor(
      async () => {
        const said = (await conditions(kind, name)).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
        return expected.every((each) => said.includes(each)) ? true : undefined;
      },
      { withinMs: 40_000, what: `${name}: ${expected.join(', ')}` },
    );
  const written = () =>
    running.flatMap((each) => logOf(each)).filter(({ msg, name }) => msg === 'status written' && name === first);
  const first = `${release}-first`;

  test('is written by the one controller that leads, once, and kubectl shows it', async () => {
    await apply(policy(first, { mode: 'Warn' }));
    await apply(policy(`${release}-taken`, {}));
    const controllers = [await startController(), await startController()];
    await says('podpolicy', first, 'Ready=True Compiled', 'Overlaps=False NoOther');
    await says('podpolicy', `${release}-taken`, 'Ready=False NameTaken');
    const table = await kubectlOutput(['get', 'podpolicies', '-l', `e2e=${release}`]);
    expect(table).toMatch(/^NAME +MODE +LEVEL +VERSION +READY +AGE$/m);
    expect(table).toMatch(new RegExp(`^${first} +Warn +baseline +latest +True `, 'm'));
    expect(table).toMatch(new RegExp(`^${release}-taken +Audit +baseline +latest +False `, 'm'));
    const version = () => kubectlOutput(['get', 'podpolicy', first, '-o', 'jsonpath={.metadata.resourceVersion}']);
    const before = await version();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect([await version(), written().length]).toEqual([before, 1]);
    expect(controllers.map((each) => each.output()).join('')).not.toMatch(/"status":403|forbidden/);
  });

  test('changes with policies, exceptions and time; a time of transition only with its condition', async () => {
    const [ready] = await conditions('podpolicy', first);
    await apply(policy(`${release}-second`, {}));
    await says('podpolicy', first, 'Overlaps=True SameNamespaces');
    expect((await conditions('podpolicy', first))[0]).toEqual(ready);
    const soon = Date.now() + 5_000;
    await apply(exception(`${release}-wrong`, `${release}-third`, Date.now() + day));
    await apply(exception(`${release}-right`, first, soon));
    await says('podpolicyexception', `${release}-wrong`, 'Accepted=False UnknownPolicy', 'Broad=True NotBoundByDigest');
    await says('podpolicyexception', `${release}-right`, 'Accepted=False Expired');
    const [expired] = await conditions('podpolicyexception', `${release}-right`);
    expect(Date.parse(expired?.lastTransitionTime ?? '') - soon).toBeGreaterThan(-1_000);
    await apply(policy(`${release}-third`, {}));
    await says('podpolicyexception', `${release}-wrong`, 'Accepted=True Accepted');
  });

  /** `sekisho status` of this installation. */
  async function show(...args: readonly string[]): Promise<Outcome> {
    const { kubeconfig } = sharedCluster().access.administrator;
    const command = ['status', '--kubeconfig', kubeconfig, '-n', namespace, ...args];
    return runProgram(sekishoProgram, command, { env: sekishoEnvironment('/nonexistent') });
  }
  const codes = async (): Promise<readonly string[]> => {
    const { stdout } = await show('-o', 'json');
    return (JSON.parse(stdout) as { attention: readonly { code: string }[] }).attention.map(({ code }) => code);
  };

  test('is told by sekisho status, with every trouble', async () => {
    expect([...(await codes())].sort()).toEqual(['exceptionExpired', 'exceptionExpiring', 'policyNameTaken']);
    await kubectlOutput(['delete', 'podpolicy', `${release}-taken`]);
    await kubectlOutput(['delete', 'podpolicyexceptions', '-l', `e2e=${release}`]);
    const healthy = await show();
    expect(healthy).toMatchObject({ code: 0, stderr: '' });
    expect(healthy.stdout).toContain('Nothing needs attention.');
    expect(healthy.stdout).toMatch(/^Certificate +CA valid for 36\d more days/m);
    expect(healthy.stdout).toMatch(/^Replicas +serve 3\/3 ready, controller 1\/1 ready$/m);
    expect(healthy.stdout).toMatch(/^Excluded +namespaces .*kube-system/m);
    expect(healthy.stdout).toMatch(
      new RegExp(`^ {2}${first} +Warn +baseline:latest +${namespace} +cluster +ready$`, 'm'),
    );
    await ready('serve', 1);
    const rule = [{ op: 'remove', path: '/webhooks/0/rules/1' }];
    const patch = ['--type=json', '-p', JSON.stringify(rule)];
    await kubectlOutput(['patch', 'validatingwebhookconfiguration', release, ...patch]);
    expect(await codes()).toEqual(['pathOpen', 'pathOpen', 'fewReady']);
    await kubectlOutput(['delete', 'validatingwebhookconfiguration', release]);
    expect(await codes()).toEqual(['configurationMissing', 'fewReady']);
  });

  test('is told to somebody with the role view, as far as it goes', async () => {
    await kubectlOutput(['-n', namespace, 'create', 'serviceaccount', 'viewer']);
    // What `view` is made of: nobody puts it together where only an API server runs.
    const viewer = [`--serviceaccount=${namespace}:viewer`, '--clusterrole=system:aggregate-to-view'];
    await kubectlOutput(['-n', namespace, 'create', 'rolebinding', 'viewer', ...viewer]);
    const kubeconfig = await kubeconfigOf('viewer', namespace);
    await ready('serve', 3);
    const command = ['status', '--kubeconfig', kubeconfig, '-n', namespace];
    // RBAC hears of a binding a moment later.
    const seen = await waitFor(
      async () => {
        const outcome = await runProgram(sekishoProgram, command, { env: sekishoEnvironment('/nonexistent') });
        return outcome.stdout.includes('serve 3/3 ready') ? outcome : undefined;
      },
      { withinMs: 20_000, what: 'what a viewer sees' },
    );
    expect(seen).toMatchObject({ code: 3, stderr: '' });
    expect(seen.stdout).toMatch(/^Mode +Audit: /m);
    expect(seen.stdout).toMatch(/^ {2}pod-security +Enforce +baseline:latest /m);
    expect(seen.stdout).toContain(`unknown (forbidden: needs get validatingwebhookconfigurations/${release})`);
    expect(seen.stdout).toContain('unknown (forbidden: needs list podpolicies.sekisho.dev)');
  });
});
