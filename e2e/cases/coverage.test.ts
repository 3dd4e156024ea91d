import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeCase } from '../harness/case.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);

interface Pod {
  readonly spec: object;
}

/** Every kind that holds a pod, around the one of the manifest. */
function workloads(): readonly object[] {
  const { spec } = JSON.parse(manifests.object('Pod/app')) as Pod;
  const labels = { app: 'app' };
  const template = { metadata: { labels }, spec };
  const selector = { matchLabels: labels };
  const job = { template: { spec: { ...spec, restartPolicy: 'Never' } } };
  const of = (apiVersion: string, kind: string, rest: object) => ({
    apiVersion,
    kind,
    metadata: { name: 'app' },
    ...rest,
  });
  return [
    of('v1', 'Pod', { spec }),
    of('v1', 'ReplicationController', { spec: { selector: labels, template } }),
    of('v1', 'PodTemplate', { template }),
    of('apps/v1', 'ReplicaSet', { spec: { selector, template } }),
    of('apps/v1', 'Deployment', { spec: { selector, template } }),
    of('apps/v1', 'StatefulSet', { spec: { serviceName: 'app', selector, template } }),
    of('apps/v1', 'DaemonSet', { spec: { selector, template } }),
    of('batch/v1', 'Job', { spec: job }),
    of('batch/v1', 'CronJob', { spec: { schedule: '0 3 * * *', jobTemplate: { spec: job } } }),
  ];
}

const resources = [
  'pods',
  'replicationcontrollers',
  'podtemplates',
  'replicasets',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
];

describeCase('a request', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  let namespace: string;
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    namespace = await createNamespace();
    const policy = await writePolicy(manifests.object('PodPolicy/restricted'), namespace);
    sekisho = await startSekisho({ policyFiles: [policy], args: ['--log-level', 'debug'] });
  });
  afterAll(() => sekisho?.stop());

  const run = (...args: readonly string[]): Promise<string> => kubectlOutput(['-n', namespace, ...args]);
  /** `UPDATE pods/resize` for every decision it logged since. */
  let seen = 0;
  const decided = (): readonly string[] => {
    const lines = (sekisho?.log() ?? []).filter((line) => line['namespace'] === namespace && line['msg'] === 'decided');
    const fresh = lines.slice(seen);
    seen = lines.length;
    return fresh.map(({ operation, resource, subresource, allowed }) => {
      const place = subresource === '' ? resource : `${resource}/${subresource}`;
      return `${operation} ${place} ${allowed ? 'allowed' : 'denied'}`;
    });
  };

  test('to create any kind that holds a pod reaches Sekisho once', async () => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: workloads() });
    await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: list });
    expect(decided()).toEqual(resources.map((resource) => `CREATE ${resource} allowed`));
  });

  test('to update any of them reaches Sekisho once', async () => {
    await run('label', ...resources.map((resource) => `${resource}/app`), 'team=storefront');
    expect(decided()).toEqual(resources.map((resource) => `UPDATE ${resource} allowed`));
  });

  test('to the subresources that change what a pod runs reaches Sekisho once', async () => {
    const debug = ['debug', 'pod/app', '--image=registry.k8s.io/busybox:1.37', '--profile=restricted'];
    await run(...debug, '--attach=false');
    expect(decided()).toEqual(['UPDATE pods/ephemeralcontainers allowed']);
    const resized = { spec: { containers: [{ name: 'app', resources: { requests: { cpu: '150m' } } }] } };
    await run('patch', 'pod/app', '--subresource=resize', '-p', JSON.stringify(resized));
    expect(decided()).toEqual(['UPDATE pods/resize allowed']);
  });

  test('that cannot bring a pod does not reach it', async () => {
    await run('scale', 'deployment/app', '--replicas=2');
    await run('patch', 'pod/app', '--subresource=status', '-p', '{"status":{"phase":"Running"}}');
    await run('create', 'configmap', 'app');
    await run('delete', 'pod/app', '--wait=false');
    expect(decided()).toEqual([]);
  });
});
