import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../drivers/program.ts';
import { auditEvents } from '../harness/audit-log.ts';
import { describeCase } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);
const policies = ['enforcing', 'warning', 'auditing'] as const;

type Policy = (typeof policies)[number];

/** The violations of Pod/bad and Deployment/bad, as warnings and audit annotations say them. */
const hostPorts = 'spec.containers[0].ports[0].hostPort is 80, must be unset or 0 [hostPorts]';
const hostPid = 'spec.hostPID is true, must be unset or false [hostNamespaces]';
const templateHostPid = 'spec.template.spec.hostPID is true, must be unset or false [hostNamespaces]';

/** What the API server puts before the key of each annotation is the name of the webhook. */
const annotation = (key: string): string => `pods.sekisho.dev/${key}`;
const anId = expect.stringMatching(/^[0-9a-f]{16}$/) as string;

let namespaces: ReadonlyMap<Policy, string>;
let sekisho: Sekisho | undefined;

async function startWith(...args: readonly string[]): Promise<void> {
  namespaces = new Map(await Promise.all(policies.map(async (name) => [name, await createNamespace()] as const)));
  const write = ([name, namespace]: [Policy, string]) => writePolicy(manifests.object(`PodPolicy/${name}`), namespace);
  sekisho = await startSekisho({ policyFiles: await Promise.all([...namespaces].map(write)), args });
}

const namespaceOf = (policy: Policy): string => namespaces.get(policy) ?? '';
const create = (policy: Policy, manifest: string): Promise<Outcome> =>
  kubectl(['-n', namespaceOf(policy), 'create', '-f', '-'], { stdin: manifest });
const warningsIn = ({ stderr }: Outcome): readonly string[] =>
  stderr.split('\n').flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length)] : []));

/** Only ours: the API server and its own PodSecurity admission leave some too. */
async function annotationsOf(policy: Policy, name: string, resource = 'pods'): Promise<Record<string, string>> {
  const filter = { verb: 'create', resource, subresource: '', namespace: namespaceOf(policy), name };
  const [event] = await auditEvents(filter);
  return Object.fromEntries(Object.entries(event?.annotations ?? {}).filter(([key]) => key.startsWith(annotation(''))));
}

const manyContainers = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'many' },
  spec: { containers: Array.from({ length: 100 }, (_, index) => ({ name: `c${index}`, image: 'a:1' })) },
});

describeCase('a mode', ['webhookAddress', 'auditLog'], () => {
  expectEveryCallAnswered();
  beforeAll(() => startWith());
  afterAll(() => sekisho?.stop());

  test('Warn creates the object, warns in kubectl, and leaves the same in the audit log', async () => {
    const created = await create('warning', manifests.object('Pod/bad'));
    expect(created).toMatchObject({ code: 0, stdout: 'pod/bad created\n' });
    expect(warningsIn(created)).toEqual([`warning: ${hostPid}`, `warning: ${hostPorts}`]);
    expect(await annotationsOf('warning', 'bad')).toEqual({
      [annotation('decision-id')]: anId,
      [annotation('audit-violations')]: `warning: ${hostPid}; warning: ${hostPorts}`,
    });
  });

  test('Warn warns of templates too', async () => {
    const created = await create('warning', manifests.object('Deployment/bad'));
    expect(created).toMatchObject({ code: 0, stdout: 'deployment.apps/bad created\n' });
    expect(warningsIn(created)).toEqual([`warning: ${templateHostPid}`]);
  });

  test('Audit creates the object in silence, and the audit log says what was wrong', async () => {
    for (const [name, resource] of [['Pod', 'pods'] as const, ['Deployment', 'deployments'] as const]) {
      expect(await create('auditing', manifests.object(`${name}/bad`))).toMatchObject({ code: 0, stderr: '' });
      const found = name === 'Pod' ? [hostPid, hostPorts] : [templateHostPid];
      expect(await annotationsOf('auditing', 'bad', resource)).toEqual({
        [annotation('decision-id')]: anId,
        [annotation('audit-violations')]: found.map((text) => `auditing: ${text}`).join('; '),
      });
    }
  });

  test('Enforce names policy, level and version in the audit log of what it allows', async () => {
    expect(await create('enforcing', manifests.object('Pod/compliant'))).toMatchObject({ code: 0, stderr: '' });
    expect(await annotationsOf('enforcing', 'compliant')).toEqual({
      [annotation('enforce-policy')]: 'enforcing=restricted:v1.34',
    });
  });

  test('of a single rule softens that rule alone: one warns, one only records', async () => {
    const created = await create('enforcing', manifests.object('Pod/bad'));
    expect(created.code).toBe(0);
    expect(warningsIn(created)).toEqual([`enforcing: ${hostPorts}`]);
    expect(await annotationsOf('enforcing', 'bad')).toEqual({
      [annotation('decision-id')]: anId,
      [annotation('enforce-policy')]: 'enforcing=restricted:v1.34',
      [annotation('audit-violations')]: `enforcing: ${hostPorts}; enforcing: ${hostPid}`,
    });
  });

  test('Enforce denies the rest, warns all the same, and message and audit log share one id', async () => {
    const refused = await create('enforcing', manifests.object('Pod/privileged'));
    const { heading, id } = readDenial(refused.stderr);
    expect(heading).toBe(`Pod ${namespaceOf('enforcing')}/privileged: 2 violations of policy enforcing`);
    expect(warningsIn(refused)).toEqual([`enforcing: ${hostPorts}`]);
    expect(await annotationsOf('enforcing', 'privileged')).toMatchObject({ [annotation('decision-id')]: id });
  });

  test('Warn with 400 violations stays within what the API server delivers uncut', async () => {
    const created = await create('warning', manyContainers);
    const warnings = warningsIn(created);
    const last = /^… and (\d+) more findings$/.exec(warnings.at(-1) ?? '');
    expect(created.code).toBe(0);
    expect(warnings.length - 1 + Number(last?.[1])).toBe(400);
    expect(warnings.every((line) => [...line].length <= 256)).toBe(true);
    expect(warnings.slice(0, -1).every((line) => line.endsWith(']'))).toBe(true);
    const total = warnings.reduce((sum, line) => sum + [...line].length, 0);
    expect(total).toBeGreaterThan(3_500);
    expect(total).toBeLessThanOrEqual(4_096);

    const recorded = (await annotationsOf('warning', 'many'))[annotation('audit-violations')] ?? '';
    const listed = recorded.split('; ');
    expect(Buffer.byteLength(recorded)).toBeLessThanOrEqual(4_096);
    expect(listed.length - 1 + Number(/^… and (\d+) more$/.exec(listed.at(-1) ?? '')?.[1])).toBe(400);
  });

  test('Warn delivers a warning for every hostile value, each on one line', async () => {
    const add = [
      '\u001b[2J\u001b[31mALLOWED',
      'A\nWarning: all is well',
      '\u202eDEWOLLA',
      '🦀'.repeat(300),
      'quote " and \\',
    ];
    const pod = JSON.parse(manifests.object('Pod/compliant').replace('"compliant"', '"hostile"')) as {
      spec: { containers: [{ securityContext: { capabilities: { add?: readonly string[] } } }] };
    };
    pod.spec.containers[0].securityContext.capabilities.add = add;
    const created = await create('warning', JSON.stringify(pod));
    expect(created.code).toBe(0);
    const warnings = warningsIn(created).filter((line) => line.includes('[capabilities_'));
    expect(created.stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(warnings).toHaveLength(add.length);
  });
});

describeCase('a mode, in Japanese,', ['webhookAddress', 'auditLog'], () => {
  expectEveryCallAnswered();
  beforeAll(() => startWith('--lang', 'ja'));
  afterAll(() => sekisho?.stop());

  test('Warn warns in Japanese, within the same limits', async () => {
    expect(warningsIn(await create('warning', manifests.object('Deployment/bad')))).toEqual([
      expect.stringMatching(/^warning: spec\.template\.spec\.hostPID は true です。.+ \[hostNamespaces\]$/),
    ]);
    const warnings = warningsIn(await create('warning', manyContainers));
    expect(warnings.at(-1)).toMatch(/^… 他 \d+ 件$/);
    expect(warnings.slice(0, -1).every((line) => line.endsWith(']'))).toBe(true);
  });
});
