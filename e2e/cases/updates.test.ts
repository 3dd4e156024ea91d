import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../drivers/program.ts';
import { describeCase } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);

let namespace: string;
/** Where onUpdate is NewOnly. */
let lenient: string;
let sekisho: Sekisho | undefined;

const run = (...args: readonly string[]): Promise<Outcome> => kubectl(['-n', namespace, ...args]);
const patch = (object: string, body: object, ...flags: readonly string[]): Promise<Outcome> =>
  run('patch', object, '-p', JSON.stringify(body), ...flags);
const get = (object: string, path: string): Promise<string> =>
  kubectlOutput(['-n', namespace, 'get', object, '--ignore-not-found', '-o', `jsonpath={${path}}`]);

const image = (name: string) => ({ spec: { containers: [{ name: 'app', image: name }] } });
const template = (spec: object) => ({ spec: { template: { spec } } });
/** A container without a flaw of its own. */
const harmless = {
  name: 'look',
  image: 'registry.k8s.io/busybox:1.37',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

describeCase('an update', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  beforeAll(async () => {
    namespace = await createNamespace();
    for (const name of ['Pod/old', 'Pod/leaving', 'Pod/fine', 'Deployment/old']) {
      await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object(name) });
    }
    lenient = await createNamespace();
    await kubectlOutput(['-n', lenient, 'create', '-f', '-'], { stdin: manifests.object('Deployment/old') });
    const policyFiles = [
      await writePolicy(manifests.object('PodPolicy/restricted'), namespace),
      await writePolicy(manifests.object('PodPolicy/lenient'), lenient),
    ];
    sekisho = await startSekisho({ policyFiles, args: ['--log-level', 'debug'] });
  });
  afterAll(() => sekisho?.stop());

  /** Every violation of the stored pod stands in the denial, not only what the request brought. */
  const expectDenied = ({ code, stderr }: Outcome, subject: string): void => {
    const { heading, violations } = readDenial(stderr);
    expect({ code, heading }).toEqual({
      code: 1,
      heading: `${subject} ${namespace}/${heading.split(/[/:]/)[1]}: 5 violations of policy restricted`,
    });
    expect(violations).toContainEqual(expect.stringMatching(/hostPID .*\[hostNamespaces\]$/));
  };
  const expectAllowed = (outcome: Outcome): void => expect(outcome).toMatchObject({ code: 0, stderr: '' });

  test('of the image of an old violating pod is denied, however harmless the image', async () => {
    expectDenied(await patch('pod/old', image('registry.k8s.io/pause:3.10')), 'Pod');
    expectDenied(await run('set', 'image', 'pod/old', 'app=registry.k8s.io/pause:3.10'), 'Pod');
    expect(await get('pod/old', '.spec.containers[0].image')).toBe('registry.k8s.io/pause:3.9');
  });

  test('of the image of a compliant pod is allowed', async () => {
    expectAllowed(await patch('pod/fine', image('registry.k8s.io/pause:3.10')));
    expect(await get('pod/fine', '.spec.containers[0].image')).toBe('registry.k8s.io/pause:3.10');
  });

  test('that adds a harmless ephemeral container to an old violating pod is denied', async () => {
    const body = { spec: { ephemeralContainers: [harmless] } };
    expectDenied(await patch('pod/old', body, '--subresource=ephemeralcontainers'), 'Pod');
    expectAllowed(await patch('pod/fine', body, '--subresource=ephemeralcontainers'));
  });

  test('of labels, annotations and tolerations of an old violating pod is allowed', async () => {
    expectAllowed(await run('label', 'pod/old', 'team=storefront'));
    expectAllowed(await run('annotate', 'pod/old', 'note=kept'));
    const tolerations = [{ key: 'spot', operator: 'Exists', effect: 'NoSchedule' }];
    expectAllowed(await patch('pod/old', { spec: { tolerations } }, '--type=merge'));
    expect(await get('pod/old', '.metadata.labels.team')).toBe('storefront');
  });

  test('of an old violating pod by pods/resize is asked about and allowed', async () => {
    const resources = { requests: { cpu: '150m', memory: '64Mi' } };
    const body = { spec: { containers: [{ name: 'app', resources }] } };
    expectAllowed(await patch('pod/old', body, '--subresource=resize'));
    expect(await get('pod/old', '.spec.containers[0].resources.requests.cpu')).toBe('150m');
    expect(decisions('resize')).toEqual([expect.objectContaining({ name: 'old', operation: 'UPDATE', allowed: true })]);
  });

  test('of the status of an old violating pod is allowed, without a question', async () => {
    expectAllowed(await patch('pod/old', { status: { phase: 'Running' } }, '--subresource=status'));
    expect(await get('pod/old', '.status.phase')).toBe('Running');
    expect(decisions('status')).toEqual([]);
  });

  test('of the image of a violating pod that is being deleted is denied', async () => {
    expectAllowed(await run('delete', 'pod/leaving', '--wait=false'));
    expect(await get('pod/leaving', '.metadata.deletionTimestamp')).not.toBe('');
    expectDenied(await patch('pod/leaving', image('registry.k8s.io/pause:3.10')), 'Pod');
  });

  test('that removes the finalizer of a violating pod that is being deleted is allowed, and it goes', async () => {
    const removal = JSON.stringify([{ op: 'remove', path: '/metadata/finalizers' }]);
    expectAllowed(await run('patch', 'pod/leaving', '--type=json', '-p', removal));
    expect(await get('pod/leaving', '.metadata.name')).toBe('');
  });

  test('of the scale of an old violating Deployment is allowed, by either way', async () => {
    expectAllowed(await run('scale', 'deployment/old', '--replicas=3'));
    expectAllowed(await patch('deployment/old', { spec: { replicas: 2 } }));
    expect(await get('deployment/old', '.spec.replicas')).toBe('2');
  });

  test('that leaves the template of an old violating Deployment alone is allowed', async () => {
    expectAllowed(await run('label', 'deployment/old', 'team=storefront'));
    expectAllowed(await run('rollout', 'pause', 'deployment/old'));
    expectAllowed(await run('rollout', 'resume', 'deployment/old'));
    expectAllowed(await patch('deployment/old', { status: { replicas: 2 } }, '--subresource=status'));
  });

  test('that changes the template of an old violating Deployment is denied, and says what it had before', async () => {
    const outcome = await run('set', 'image', 'deployment/old', 'app=registry.k8s.io/pause:3.10');
    expectDenied(outcome, 'Deployment');
    const { violations, message } = readDenial(outcome.stderr);
    expect(violations.filter((line) => line.includes('(preexisting)'))).toHaveLength(5);
    expect(message).toContain('\nQuestions: #platform\nMore: ');
    expectDenied(await run('rollout', 'restart', 'deployment/old'), 'Deployment');
    expect(await get('deployment/old', '.spec.template.spec.containers[0].image')).toBe('registry.k8s.io/pause:3.9');
  });

  test('that brings the template of an old violating Deployment one more violation names that as new', async () => {
    const { violations } = readDenial((await patch('deployment/old', template({ hostIPC: true }))).stderr);
    expect(violations.filter((line) => !line.includes('(preexisting)'))).toEqual([
      expect.stringMatching(/hostIPC .*\[hostNamespaces\]$/),
    ]);
    expect(violations).toHaveLength(6);
  });

  test('of the image of an old violating Deployment is admitted under NewOnly, and kubectl shows the warnings', async () => {
    const args = ['-n', lenient, 'set', 'image', 'deployment/old', 'app=registry.k8s.io/pause:3.10'];
    const { code, stderr } = await kubectl(args);
    expect(code).toBe(0);
    const warnings = stderr.trim().split('\n');
    expect(warnings).toHaveLength(5);
    for (const line of warnings) {
      expect(line).toMatch(
        /^Warning: admitted, but its pods will be refused: lenient: spec\.template\.spec\..*\(preexisting\)/,
      );
    }
  });

  test('that brings one more violation is denied under NewOnly all the same, for that alone', async () => {
    const body = JSON.stringify(template({ hostIPC: true }));
    const { code, stderr } = await kubectl(['-n', lenient, 'patch', 'deployment/old', '-p', body]);
    const { heading, violations } = readDenial(stderr);
    expect({ code, heading }).toEqual({ code: 1, heading: `Deployment ${lenient}/old: 1 violation of policy lenient` });
    expect(violations).toEqual([expect.stringMatching(/hostIPC .*\[hostNamespaces\]$/)]);
  });

  test('that repairs the template of an old violating Deployment is allowed', async () => {
    const { name: _, image: __, ...hardened } = harmless;
    const containers = [{ name: 'app', ...hardened }];
    expectAllowed(await patch('deployment/old', template({ hostPID: null, containers })));
    expectAllowed(await run('set', 'image', 'deployment/old', 'app=registry.k8s.io/pause:3.10'));
  });

  const decisions = (subresource: string) =>
    (sekisho?.log() ?? []).filter((line) => line['namespace'] === namespace && line['subresource'] === subresource);
});
