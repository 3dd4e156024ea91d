import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteCreated } from '../drivers/leftovers.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { type ControllerFiles, kubeconfigOf, runErrand, startController } from '../harness/controller.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

const manifests = readManifests(import.meta.filename);
const configuration = 'sekisho-dev';

/** The path of each line that `--canaries` prints, by what it says. */
function pathsIn(stdout: string, word: string): readonly string[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith(`${word} `));
  return lines.map((line) => line.slice(word.length).trim().split(':')[0] ?? '').sort();
}

const every = ['cronjobs', 'daemonsets', 'deployments', 'jobs', 'pods', 'pods/ephemeralcontainers', 'pods/resize']
  .concat(['podtemplates', 'replicasets', 'replicationcontrollers', 'statefulsets'])
  .sort();

describeCase('a controller', ['webhookAddress'], () => {
  let namespace: string;
  let canaries: string;
  let files: ControllerFiles;
  let cleaner: string;
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    namespace = await createNamespace();
    canaries = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    for (const kind of ['clusterrole', 'clusterrolebinding']) {
      for (const account of ['controller', 'cleanup'])
        await noteCreated(sharedCluster(), kind, `${namespace}-${account}`);
    }
    const objects = manifests.all().replaceAll('NAMESPACE', namespace).replaceAll('CANARIES', canaries);
    await kubectlOutput(['create', '-f', '-'], { stdin: objects.replaceAll('CONFIGURATION', configuration) });
    // What the controller-manager would do; an API server alone enforces no quota whose status nobody has filled in.
    const status = JSON.stringify({ status: { hard: { pods: '0' }, used: { pods: '0' } } });
    const quota = ['resourcequota/canaries', '--subresource=status', '--type=merge', '-p', status];
    await kubectlOutput(['-n', canaries, 'patch', ...quota]);
    const config = join(sharedCluster().folder, `${namespace}.yaml`);
    await writeFile(config, JSON.stringify({ maxMode: 'Audit', installation: installation() }));
    files = { config, kubeconfig: await kubeconfigOf('controller', namespace) };
    cleaner = await kubeconfigOf('cleanup', namespace);
    // An installation that is named has a cluster; here it is in no pod of it.
    const { kubeconfig } = sharedCluster().access.administrator;
    sekisho = await startSekisho({ args: ['--config', config, '--kubeconfig', kubeconfig] });
  });
  afterAll(() => sekisho?.stop());

  const installation = () => ({
    namespace,
    service: 'sekisho',
    webhookConfiguration: configuration,
    lease: 'sekisho-controller',
    canaryNamespace: canaries,
  });
  const lease = async (field: string): Promise<string> =>
    kubectlOutput(['-n', namespace, 'get', 'lease/sekisho-controller', '-o', `jsonpath={.spec.${field}}`]);

  test('with no more rights than the chart gives it finds every path covered', async () => {
    await using controller = await startController(files);
    const { identity } = await controller.logged('leading');
    expect(await lease('holderIdentity')).toBe(identity);
    await controller.logged('every path is intercepted');
    const metrics = await controller.metrics();
    const covered = [...metrics.matchAll(/^sekisho_coverage\{path="(.*)"\} 1$/gm)].map(([, path]) => path);
    expect(covered.sort()).toEqual(every);
    expect(controller.log().filter(({ level }) => level !== 'info')).toEqual([]);
    controller.signal('SIGTERM');
    expect(await controller.exited).toBe(0);
    expect(await lease('holderIdentity')).toBe('');
    expect(await kubectlOutput(['-n', canaries, 'get', 'pods,deployments,cronjobs', '-o', 'name'])).toBe('');
  });

  test('the refusal of a pod for its quota still carries the warning of every webhook', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: compliant };
    const stdin = JSON.stringify(pod);
    const { code, stderr } = await kubectl(['-n', canaries, 'create', '--dry-run=server', '-f', '-'], { stdin });
    expect(code).toBe(1);
    expect(stderr).toContain('exceeded quota: canaries');
    expect(stderr).toMatch(/Warning: sekisho canary [0-9a-f-]{36}/);
  });

  test('a path whose rule was removed is found by configuration and by canary', async () => {
    const whole = await runErrand('--canaries', files);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(pathsIn(whole.stdout, 'intercepted')).toEqual(every);
    const rules = await rulesNow();
    await setRules(rules.filter((_, index) => index !== 1 && index !== 2));
    try {
      const open = [
        'daemonsets',
        'deployments',
        'pods/ephemeralcontainers',
        'pods/resize',
        'replicasets',
        'statefulsets',
      ];
      const report = await runErrand('--canaries', files);
      expect(report.code).toBe(1);
      expect(pathsIn(report.stdout, 'NOT INTERCEPTED')).toEqual(open);
      // The API server itself learns of it a moment later.
      await waitFor(async () => (await admittedUnasked()) || undefined, {
        withinMs: 10_000,
        what: 'an unasked canary',
      });
    } finally {
      await setRules(rules);
    }
    const again = await waitFor(
      async () => {
        const report = await runErrand('--canaries', files);
        return report.code === 0 ? report : undefined;
      },
      { withinMs: 20_000, what: 'every path is covered again' },
    );
    expect(pathsIn(again.stdout, 'intercepted')).toEqual(every);
  });

  async function rulesNow(): Promise<readonly unknown[]> {
    const live = await kubectlOutput(['get', 'validatingwebhookconfiguration', configuration, '-o', 'json']);
    return (JSON.parse(live) as { webhooks: [{ rules: unknown[] }] }).webhooks[0].rules;
  }

  /** Only these: on somebody's cluster the rest of the configuration was narrowed to this run. */
  async function setRules(value: readonly unknown[]): Promise<void> {
    const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/0/rules', value }]);
    await kubectlOutput(['patch', 'validatingwebhookconfiguration', configuration, '--type=json', '-p', patch]);
  }

  async function admittedUnasked(): Promise<boolean> {
    const { stdout } = await runErrand('--canaries', files);
    return stdout.includes('deployments: a canary was admitted without an answer of Sekisho');
  }

  test('that is killed is followed by the standby within 20 s, one that is told to stop within a few', async () => {
    await using first = await startController(files);
    await first.logged('leading');
    await using second = await startController(files);
    await second.logged('standing by');
    first.signal('SIGKILL');
    const killed = performance.now();
    await second.logged('leading');
    expect(performance.now() - killed).toBeLessThan(20_000);
    await using third = await startController(files);
    await third.logged('standing by');
    second.signal('SIGTERM');
    const told = performance.now();
    await third.logged('leading');
    const handover = performance.now() - told;
    process.stdout.write(`handover after SIGTERM: ${Math.round(handover)} ms\n`);
    expect(handover).toBeLessThan(6_000);
    expect(await second.exited).toBe(0);
    expect(Number(await lease('leaseTransitions'))).toBeGreaterThan(2);
  });

  test('that was suspended while another took over stops at once when it wakes', async () => {
    await using first = await startController(files);
    await first.logged('leading');
    await using second = await startController(files);
    await second.logged('standing by');
    first.signal('SIGSTOP');
    const { identity } = await second.logged('leading');
    first.signal('SIGCONT');
    const reason = 'the lease could not be renewed in time';
    expect(await first.logged('no longer leading')).toMatchObject({ level: 'warn', reason });
    expect(await first.logged('standing by')).toMatchObject({ holder: identity });
    expect(await lease('holderIdentity')).toBe(identity);
    expect(await first.metrics()).not.toContain('sekisho_coverage{');
  });

  test('--cleanup removes the webhook configuration with no other right than that', async () => {
    const errand = { ...files, kubeconfig: cleaner };
    const report = await runErrand('--cleanup', errand);
    expect(report).toMatchObject({ code: 0, stdout: `deleted the webhook configuration ${configuration}\n` });
    const found = ['get', 'validatingwebhookconfiguration', configuration, '--ignore-not-found', '-o', 'name'];
    expect(await kubectlOutput(found)).toBe('');
    expect(await runErrand('--cleanup', errand)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do'),
    });
    expect((await runErrand('--canaries', files)).code).toBe(1);
  });
});

const compliant = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: 'registry.k8s.io/pause:3.10',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};
