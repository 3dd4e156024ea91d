import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeDriver } from '../drivers/node.ts';
import type { Outcome } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { auditEvents } from '../harness/audit-log.ts';
import { describeCase } from '../harness/case.ts';
import { commandsOfReadme, runLine } from '../harness/commands.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { apiServerMetrics } from '../harness/metrics.ts';
import { nodeTimeoutMs, sekishoImage, startNode } from '../harness/node.ts';
import { deleteInstallation, servedMetrics, servePods, whatIsLeft } from '../harness/release.ts';

const minutes = 60_000;
const manifests = readManifests(import.meta.filename);
const furnishedValues = join(import.meta.dirname, 'install-values.yaml');

describeCase('an installation', ['node'], () => {
  let driver: NodeDriver;
  beforeAll(async () => {
    driver = await startNode();
    await sekishoImage(driver.cluster);
  }, nodeTimeoutMs);
  afterAll(() => driver?.[Symbol.asyncDispose]());

  const shop = (...args: string[]): Promise<Outcome> => kubectl(['-n', 'shop', ...args], { cluster: driver.cluster });

  /** What each kind of bad object is told. */
  const expectDenials = (stderr: string): void => {
    expect(stderr.match(/denied the request: \w+ shop\/bad: \d violations? of policy pod-security/g)).toEqual([
      'denied the request: CronJob shop/bad: 1 violation of policy pod-security',
      'denied the request: Deployment shop/bad: 2 violations of policy pod-security',
      'denied the request: Pod shop/bad: 3 violations of policy pod-security',
    ]);
    expect(stderr).toContain('✗ spec.jobTemplate.spec.template.spec.hostPID  is true, must be unset or false');
    expect(stderr).toContain('These changes satisfy 2 of 2:\n  spec: {template: {spec: {containers: [');
  };

  const expectDebugDenied = async (): Promise<void> => {
    const flags = ['--image=registry.k8s.io/pause:3.10', '--profile=sysadmin', '--attach=false'];
    const debugged = await shop('debug', 'pod/good', ...flags);
    expect(debugged).toMatchObject({ code: 1, stderr: expect.stringContaining('[privileged]') });
  };

  const expectNothingLeft = async (): Promise<void> => {
    expect(await whatIsLeft(driver.cluster)).toEqual([]);
    expect(await shop('apply', '-f', 'examples/bad-pod.yaml')).toMatchObject({ code: 0 });
    await shop('delete', 'pod', '--all', '--force', '--grace-period=0');
  };

  /** Calls of the entry `pods` that failed and, while the installation audits, let their object through. */
  const failedOpen = async (): Promise<number> =>
    (await apiServerMetrics(driver.cluster)).failedOpen('pods.sekisho.dev');

  test('follows the README word for word: audited, enforced, gone', { timeout: 8 * minutes }, async () => {
    const outcomes = new Map<string, Outcome>();
    const lines = await commandsOfReadme('In a cluster');
    const find = (text: string): string => lines.find((line) => line.includes(text)) ?? '';
    const refused = find('apply --filename examples');
    for (const line of lines) {
      if (line.startsWith('helm uninstall')) await expectDebugDenied();
      const unjudged = await failedOpen();
      const outcome = await runLine(driver.cluster, line);
      if (line.endsWith('bad-pod.yaml')) expect(await failedOpen(), `not judged: ${line}`).toBe(unjudged);
      const expected = line.endsWith('--filename examples') ? 1 : 0;
      expect({ line, ...outcome }).toMatchObject({ line, code: expected });
      outcomes.set(line, outcome);
      if (line.startsWith('helm install')) expect(await servePods(driver.cluster)).toHaveLength(3);
      if (line.includes('logs')) await expectAudited(outcome);
    }
    expect(refused).not.toBe('');
    expect(outcomes.get(find('helm test'))?.stdout).toMatch(/Phase:\s+Succeeded/);
    expectDenials(outcomes.get(lines.find((line) => line.endsWith('--filename examples')) ?? '')?.stderr ?? '');
    await expectNothingLeft();
  });

  /** Allowed, and told in the log, in the audit log and in the metrics. */
  const expectAudited = async ({ stdout }: Outcome): Promise<void> => {
    const decisions = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    const decided = decisions.find(({ namespace, name }) => namespace === 'shop' && name === 'bad');
    expect(decided).toMatchObject({ allowed: true, count: 3, resource: 'pods' });
    expect(decided.findings.map(({ rule, mode }: { rule: string; mode: string }) => `${rule} ${mode}`).sort()).toEqual([
      'hostNamespaces Audit',
      'hostPathVolumes Audit',
      'privileged Audit',
    ]);
    const { cluster } = driver;
    const key = 'pods.sekisho.dev/audit-violations';
    const [event] = await auditEvents({ resource: 'pods', namespace: 'shop', annotation: key }, { cluster });
    expect(event?.annotations?.[key]).toContain('spec.hostNetwork is true, must be unset or false');
    expect(event?.annotations?.['pods.sekisho.dev/decision-id']).toBe(decided.id);
    const metrics = (await servedMetrics(cluster)).join('\n');
    expect(metrics).toMatch(/sekisho_findings_total\{policy="pod-security",rule="privileged",mode="Audit"\} 1\n/);
  };

  test('records what images and resources lack, and denies it of pods once it enforces', {
    timeout: 6 * minutes,
  }, async () => {
    const { cluster } = driver;
    const release = async (...args: string[]): Promise<void> => {
      const chart = ['sekisho', chartFolder, '--namespace', 'sekisho', '--wait'];
      const { code, stderr } = await helm([...args, ...chart], { cluster, timeoutMs: 4 * minutes });
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    };
    const apply = (object: string) => kubectl(['-n', 'shop', 'apply', '-f', '-'], { cluster, stdin: object });
    await kubectl(['wait', 'namespace/sekisho-canary', '--for=delete', '--timeout=50s'], { cluster });
    await kubectl(['create', 'namespace', 'shop'], { cluster }); // there, unless this test runs alone
    await release('install', '--create-namespace', '--values', furnishedValues);
    expect(await apply(manifests.object('Pod/plain'))).toMatchObject({ code: 0 });
    const metrics = (await servedMetrics(cluster)).join('\n');
    for (const [policy, rule, count] of [
      ['resources', 'requireLimits', 1],
      ['resources', 'requireRequests', 2],
      ['images', 'disallowedTags', 1],
    ]) {
      expect(metrics).toContain(`sekisho_findings_total{policy="${policy}",rule="${rule}",mode="Audit"} ${count}\n`);
    }
    const key = 'pods.sekisho.dev/audit-violations';
    const events = await auditEvents({ resource: 'pods', namespace: 'shop', annotation: key }, { cluster });
    expect(events.map(({ annotations }) => annotations?.[key])).toContainEqual(
      expect.stringMatching(/\[disallowedTags\].*\[requireLimits\].*\[requireRequests\]/),
    );
    await shop('delete', 'pod', '--all', '--force', '--grace-period=0');
    await release('upgrade', '--reset-then-reuse-values', '--set', 'mode=Enforce');
    const refused = await apply(manifests.object('Pod/plain'));
    expect(refused.stderr).toContain('Pod shop/plain: 4 violations of policies images, resources');
    const admitted = await apply(manifests.object('Deployment/plain'));
    expect(admitted).toMatchObject({ code: 0, stdout: 'deployment.apps/plain created\n' });
    expect(admitted.stderr.match(/^Warning: .*\[(?:requireLimits|requireRequests|disallowedTags)/gm)).toHaveLength(4);
    await kubectlOutput(['delete', 'namespace', 'shop', '--wait=false'], { cluster });
    const uninstall = ['uninstall', 'sekisho', '--namespace', 'sekisho', '--wait'];
    expect(await helm(uninstall, { cluster, timeoutMs: 4 * minutes })).toMatchObject({ code: 0 });
  });

  /** The controller's first look finds the certificates that it has made itself meanwhile. */
  const expectNoFalseAlarm = async (): Promise<void> => {
    const { cluster } = driver;
    const log = (): Promise<string> =>
      kubectlOutput(['-n', 'sekisho', 'logs', 'deployment/sekisho-controller'], { cluster });
    const told = async (): Promise<true | undefined> => (await log()).includes('intercepted"') || undefined;
    await waitFor(told, { withinMs: 60_000, what: 'the first word about coverage', everyMs: 500 });
    const lines = (await log()).split('\n').filter(Boolean);
    expect(lines.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'info')).toEqual([]);
  };

  test('without helm does the same', { timeout: 6 * minutes }, async () => {
    const { cluster } = driver;
    const wait = ['-n', 'sekisho', 'rollout', 'status', '--timeout=120s'];
    await kubectl(['create', 'namespace', 'shop'], { cluster }); // there, unless this test runs alone
    await kubectl(['wait', 'namespace/sekisho-canary', '--for=delete', '--timeout=50s'], { cluster });
    await kubectlOutput(['apply', '-f', 'deploy/install.yaml'], { cluster });
    await kubectlOutput([...wait, 'deployment/sekisho-serve'], { cluster, timeoutMs: 2 * minutes });
    await expectNoFalseAlarm();
    expect(await shop('apply', '-f', 'examples/good-pod.yaml')).toMatchObject({ code: 0 });
    expect(await shop('apply', '-f', 'examples/bad-pod.yaml')).toMatchObject({ code: 0 });
    await shop('delete', '-f', 'examples/bad-pod.yaml', '--force', '--grace-period=0');
    const settings = await kubectlOutput(
      ['-n', 'sekisho', 'get', 'configmap', 'sekisho-settings', '-o', 'jsonpath={.data.settings\\.yaml}'],
      { cluster },
    );
    const enforcing = JSON.stringify({
      data: { 'settings.yaml': settings.replace('maxMode: Audit', 'maxMode: Enforce') },
    });
    await kubectlOutput(['-n', 'sekisho', 'patch', 'configmap', 'sekisho-settings', '-p', enforcing], { cluster });
    await kubectlOutput(['-n', 'sekisho', 'rollout', 'restart', 'deployment/sekisho-serve'], { cluster });
    await kubectlOutput([...wait, 'deployment/sekisho-serve'], { cluster, timeoutMs: 2 * minutes });
    const refused = await shop('apply', '-f', 'examples');
    expectDenials(refused.stderr);
    await expectDebugDenied();
    await deleteInstallation(cluster);
    await expectNothingLeft();
  });
});
