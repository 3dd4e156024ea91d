import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { workloads } from '../../src/core/pod/workload.ts';
import { modes } from '../../src/core/policy/mode.ts';
import { createPolicySet } from '../../src/core/policy/policy-set.ts';
import { podSecurityRules } from '../../src/core/rules/index.ts';
import { type Json, podWith, policyOf, reviewOf, wrap } from '../admission-requests.ts';
import { authority, startWebhook } from './server/running-webhook.ts';

/*
 * A server that scrapes us keeps every series for as long as it keeps anything. Whatever a caller may choose begins with
 * `tenant` here, so that it can be found wherever it gets to.
 */
const namespaces = 10_000;
const mostSeries = 2_000;

/** Breaks every rule of the restricted level, in pods and in templates. */
const worst = podWith(
  {
    hostNetwork: true,
    hostPID: true,
    securityContext: {
      sysctls: [{ name: 'tenant.sysctl', value: '1' }],
      seLinuxOptions: { user: 'tenant' },
      seccompProfile: { type: 'Unconfined' },
      appArmorProfile: { type: 'Unconfined' },
      windowsOptions: { hostProcess: true },
      runAsUser: 0,
      runAsNonRoot: false,
    },
    volumes: [{ name: 'tenant', hostPath: { path: '/' } }],
    containers: [
      {
        name: 'tenant',
        image: 'tenant.example/app:1',
        ports: [{ hostPort: 80 }],
        livenessProbe: { httpGet: { host: 'tenant.example', port: 80 } },
        securityContext: {
          privileged: true,
          allowPrivilegeEscalation: true,
          procMount: 'Unmasked',
          capabilities: { add: ['TENANT'], drop: [] },
        },
      },
    ],
  },
  { name: 'tenant', labels: { tenant: 'tenant' }, annotations: { tenant: 'tenant' } },
);

/** Ten policies that together find everything in every mode. */
const policies = Array.from({ length: 10 }, (_, index) =>
  policyOf(
    {
      mode: modes[index % modes.length],
      podSecurity: {
        level: index % 4 === 3 ? 'baseline' : 'restricted',
        version: index < 5 ? 'latest' : 'v1.24',
        workloads: index % 2 === 0 ? 'Enforce' : 'Warn',
        rules: { hostPorts: { mode: modes[(index + 1) % modes.length] } },
      },
    },
    `policy-${index}`,
  ),
);

/** Of what we are asked about without a pod in it, and of what nobody knows. */
const others = [
  { group: '', version: 'v1', resource: 'namespaces' },
  { group: 'sekisho.dev', version: 'v1alpha1', resource: 'podpolicies' },
  { group: 'sekisho.dev', version: 'v1alpha1', resource: 'podpolicyexceptions' },
  { group: '', version: 'v1', resource: 'tenants' },
];
const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
const subresources = ['', 'ephemeralcontainers', 'resize', 'status', 'scale', 'exec', 'tenant'];
const objects = [worst, podWith({}, { name: 'tenant' }), { metadata: { name: 'tenant' }, spec: 'tenant' }];

/** Every combination of all that a caller may say, several times over: more than an API server would ever ask. */
function reviewIn(namespace: number): string {
  let rest = namespace;
  const pick = <T>(items: readonly T[]): T | undefined => {
    const item = items[rest % items.length];
    rest = Math.floor(rest / items.length);
    return item;
  };
  const kindOrOther = pick([...workloads, ...others]);
  const workload = workloads.find((each) => each === kindOrOther);
  const pod: Json = pick(objects) ?? {};
  const operation = pick(operations) ?? '';
  const subResource = pick(subresources) ?? '';
  const dryRun = pick([false, true]);
  const kind = workload?.kind ?? 'Pod';
  const review = reviewOf(wrap(kind, pod), { kind, operation, subResource });
  const other = others.find((each) => each === kindOrOther);
  const resource = other?.resource === 'tenants' ? { ...other, resource: `tenants${namespace}` } : other;
  const name = `tenant-${namespace}`;
  const request = { ...(review['request'] as Json), ...(resource === undefined ? {} : { resource }) };
  const userInfo = { username: name, groups: [name] };
  return JSON.stringify({ ...review, request: { ...request, uid: name, namespace: name, name, dryRun, userInfo } });
}

async function post(port: number, body: string, agent: Agent): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = { host: '127.0.0.1', port, method: 'POST', path: '/validate', headers, agent };
  return new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      text(response).then(() => resolve(), reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** All values that a label may have: what we chose, and the names that the administrator gave to policies. */
const vocabulary: ReadonlySet<string> = new Set([
  ...policies.map(({ metadata }) => metadata.name),
  ...podSecurityRules.map(({ id }) => id),
  ...['malformedPod', ...modes],
  ...[...workloads, ...others].map(({ resource }) => resource).filter((resource) => resource !== 'tenants'),
  ...['other', 'CREATE', 'UPDATE', '', 'ephemeralcontainers', 'resize', 'status', 'scale'],
  ...['allow', 'deny', 'error', 'true', 'false'],
]);

describe('the metrics of a webhook with 10 policies, after requests in 10,000 namespaces,', () => {
  let series: readonly string[];
  const ours = (): readonly string[] => series.filter((line) => line.startsWith('sekisho_'));
  beforeAll(async () => {
    await using webhook = await startWebhook({ policies: createPolicySet({ policies, ceiling: 'Enforce' }) });
    const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: authority.cert });
    const queue = Array.from({ length: namespaces }, (_, index) => index).values();
    const ask = async () => {
      for (const namespace of queue) await post(webhook.port, reviewIn(namespace), agent);
    };
    await Promise.all(Array.from({ length: 8 }, ask));
    agent.destroy();
    const page = await webhook.metrics.registry.metrics();
    series = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }, 120_000);

  test('have counted them all, and findings of every policy in every mode', () => {
    const requests = ours().filter((line) => line.startsWith('sekisho_admission_requests_total{'));
    const counted = requests.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    const found = ours().filter((line) => line.startsWith('sekisho_findings_total{'));
    const missing = policies.filter(({ metadata: { name } }) => !found.some((line) => line.includes(`"${name}"`)));
    expect(counted).toBe(namespaces);
    expect(missing).toEqual([]);
    for (const mode of modes) expect(found.some((line) => line.includes(`mode="${mode}"`))).toBe(true);
    const rules = new Set(found.map((line) => /rule="(\w+)"/.exec(line)?.[1]));
    expect(podSecurityRules.filter(({ id }) => !rules.has(id)).map(({ id }) => id)).toEqual([]);
  });

  test('are fewer than 2,000 series', () => {
    expect(series.length).toBeLessThan(mostSeries);
  });

  test('have no label with a value that whoever calls can choose', () => {
    const labels = ours().flatMap((line) => [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]);
    const strange = labels.filter(
      ([, name, value = '']) => !['le', 'version', 'node'].includes(name ?? '') && !vocabulary.has(value),
    );
    expect(labels.length).toBeGreaterThan(1_000);
    expect(strange.map(([text]) => text)).toEqual([]);
    expect(series.filter((line) => line.includes('tenant'))).toEqual([]);
  });
});
