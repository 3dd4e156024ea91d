import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeCase } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { patchLocally } from '../harness/local-patch.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);
const production = manifests.object('PodPolicy/production');

/** Kind, name, and how many violations of the restricted level it has. */
const refused = [
  ['Pod', 'web', 17],
  ['Deployment', 'web', 4],
  ['CronJob', 'nightly', 5],
  ['Job', 'import', 4],
  ['ReplicaSet', 'cache', 5],
  ['StatefulSet', 'store', 5],
  ['DaemonSet', 'agent', 6],
  ['ReplicationController', 'old', 4],
  ['PodTemplate', 'mould', 4],
] as const;

/** As kubectl prints it, after the namespace was put in and the id taken out. */
const deploymentDenial = `Error from server (Forbidden): error when creating "STDIN": \
admission webhook "pods.sekisho.dev" denied the request: Deployment shop/web: 4 violations of policy production
  ✗ spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation  is unset, must be false   [allowPrivilegeEscalation]
  ✗ spec.template.spec.containers[0].securityContext.capabilities.drop  is unset, must include ALL   [capabilities_restricted]
  ✗ spec.template.spec.containers[0].securityContext.runAsNonRoot  is unset, must be true            [runAsNonRoot]
  ✗ spec.template.spec.containers[0].securityContext.seccompProfile.type  is unset, must be one of RuntimeDefault, Localhost   [seccompProfile_restricted]
These changes satisfy 4 of 4:
  spec: {template: {spec: {containers: [{name: web, securityContext: {allowPrivilegeEscalation: false, \
capabilities: {drop: [ALL]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}]}}}
More: sekisho explain allowPrivilegeEscalation capabilities_restricted runAsNonRoot seccompProfile_restricted     Id: ID
`;

let namespace: string;

function apply(manifest: string, ...flags: readonly string[]) {
  return kubectl(['-n', namespace, 'apply', ...flags, '-f', '-'], { stdin: manifest });
}

function startInNamespace(...args: readonly string[]): Promise<Sekisho> {
  return writePolicy(production, namespace).then((file) => startSekisho({ policyFiles: [file], args }));
}

describeCase('a denial', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    namespace = await createNamespace();
    sekisho = await startInNamespace();
  });
  afterAll(() => sekisho?.stop());

  test.for(refused)('of a %s is the same in a dry run, and the changes it proposes end it', async (row) => {
    const [kind, name, count] = row;
    const manifest = manifests.object(`${kind}/${name}`);
    const tried = await apply(manifest, '--dry-run=server');
    const refusal = await apply(manifest);
    const { message, heading, violations, proposal, patch = '', footer, id } = readDenial(refusal.stderr);

    expect(refusal).toMatchObject({ code: 1, stdout: '' });
    expect(heading).toBe(`${kind} ${namespace}/${name}: ${count} violations of policy production`);
    expect(violations).toHaveLength(count);
    expect(proposal).toBe(`These changes satisfy ${count} of ${count}:`);
    expect(footer).toMatch(/^More: sekisho explain (?:\w+ )+ {4}Id: [0-9a-f]{16}$/);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096);
    const { id: triedId, message: triedMessage } = readDenial(tried.stderr);
    expect(triedMessage.replace(triedId, id)).toBe(message);

    const fixed = await patchLocally(manifest, patch);
    const stored = () => kubectlOutput(['-n', namespace, 'get', kind, name, '--ignore-not-found', '-o', 'name']);
    expect(await apply(fixed, '--dry-run=server')).toMatchObject({ code: 0 });
    expect(await stored()).toBe('');
    expect(await apply(fixed)).toMatchObject({ code: 0, stderr: '' });
    expect(await stored()).not.toBe('');
  });

  test('of a Deployment reads as documented, to the letter', async () => {
    const { stderr } = await apply(manifests.object('Deployment/web').replaceAll('"web"', '"front"'));
    const text = stderr.replaceAll('front', 'web').replace(namespace, 'shop').replace(readDenial(stderr).id, 'ID');
    expect(text).toBe(deploymentDenial);
  });

  test('proposes nothing where the repair is the author’s choice', async () => {
    const { heading, violations, proposal } = readDenial((await apply(manifests.object('Pod/host-path'))).stderr);
    expect(heading).toBe(`Pod ${namespace}/host-path: 1 violation of policy production`);
    expect(violations).toEqual([expect.stringMatching(/^✗ spec\.volumes\[0\]\.hostPath .* \[restrictedVolumes\]$/)]);
    expect(proposal).toBeUndefined();
  });

  test('of some objects of a List stops neither the others nor their denials', async () => {
    const items = ['Pod/compliant', 'Pod/host-path', 'DaemonSet/agent'].map((name): unknown =>
      JSON.parse(manifests.object(name).replace('"agent"', '"agent-2"')),
    );
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const { code, stdout, stderr } = await kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: list });
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'pod/compliant created\n' });
    const headings = stderr.match(/denied the request: .*/g);
    expect(headings).toEqual([
      `denied the request: Pod ${namespace}/host-path: 1 violation of policy production`,
      `denied the request: DaemonSet ${namespace}/agent-2: 6 violations of policy production`,
    ]);
  });

  test('of an apply over a stored object leaves what is stored', async () => {
    // The file before it was repaired: apply takes away what only the repaired one has.
    const refusal = await apply(manifests.object('Deployment/web').replace(':1.4.2', ':1.5.0'));
    expect(refusal).toMatchObject({ code: 1 });
    expect(refusal.stderr).toMatch(/^Error from server \(Forbidden\): error when applying patch:/);
    expect(readDenial(refusal.stderr)).toMatchObject({ proposal: 'These changes satisfy 4 of 4:' });
    const image = 'jsonpath={.spec.template.spec.containers[0].image}';
    const stored = await kubectlOutput(['-n', namespace, 'get', 'deployment', 'web', '-o', image]);
    expect(stored).toBe('ghcr.io/acme/web:1.4.2');
  });
});

describeCase('a denial in Japanese', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    namespace = await createNamespace();
    sekisho = await startInNamespace('--lang', 'ja');
  });
  afterAll(() => sekisho?.stop());

  test('proposes the same changes in other words', async () => {
    const manifest = manifests.object('CronJob/nightly');
    const { heading, violations, proposal, patch = '', footer } = readDenial((await apply(manifest)).stderr);
    expect(heading).toBe(`CronJob ${namespace}/nightly: ポリシー production の違反 5 件`);
    expect(violations[0]).toMatch(
      /^✗ spec\.jobTemplate\.spec\.template\.spec\.hostPID {2}は true です。.+\[hostNamespaces\]$/,
    );
    expect(proposal).toBe('次の変更で 5 件中 5 件が解消します:');
    expect(footer).toMatch(/^詳細: sekisho explain hostNamespaces /);
    expect(await apply(await patchLocally(manifest, patch))).toMatchObject({ code: 0, stderr: '' });
  });
});
