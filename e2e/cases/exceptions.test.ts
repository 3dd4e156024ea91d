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
const inDays = (days: number): string =>
  new Date(Date.now() + days * 24 * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
/** Within seven days. */
const end = inDays(3);

interface Pod {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly [object] };
}

const podOf = (reference: string): Pod => JSON.parse(manifests.object(reference)) as Pod;
const agent = podOf('Pod/agent-1');
const bound = podOf('Pod/bound');

let namespace: string;
let sekisho: Sekisho | undefined;

const create = (pod: Pod): Promise<Outcome> =>
  kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: JSON.stringify(pod) });
const withImage = (image: string, name: string): Pod => ({
  ...bound,
  metadata: { name },
  spec: { ...bound.spec, containers: [{ ...bound.spec.containers[0], image }] },
});

/** The annotation `exempt` of the creation of a pod. */
async function exemptOf(name: string): Promise<string | undefined> {
  const [event] = await auditEvents({ verb: 'create', resource: 'pods', subresource: '', namespace, name });
  return event?.annotations?.['pods.sekisho.dev/exempt'];
}

describeCase('an exception', ['webhookAddress', 'auditLog'], () => {
  expectEveryCallAnswered();

  beforeAll(async () => {
    namespace = await createNamespace();
    const exception = (name: string, until: string): string =>
      manifests.object(`PodPolicyException/${name}`).replace('2999-01-01T00:00:00Z', until);
    const exceptions = [exception('lasting', inDays(30)), exception('ending', end)];
    const texts = [manifests.object('PodPolicy/production'), ...exceptions];
    sekisho = await startSekisho({ policyFiles: await Promise.all(texts.map((text) => writePolicy(text, namespace))) });
  });
  afterAll(() => sekisho?.stop());

  test('lets kubectl create what it excuses, in silence, and is named in the audit log', async () => {
    expect(await create(agent)).toMatchObject({ code: 0, stdout: 'pod/agent-1 created\n', stderr: '' });
    expect(await exemptOf('agent-1')).toBe('lasting: hostNamespaces');
  });

  test('covers a name that the API server draws, once it is drawn', async () => {
    const created = await create({ ...agent, metadata: { generateName: 'agent-' } });
    expect(created).toMatchObject({ code: 0, stderr: '' });
    expect(created.stdout).toMatch(/^pod\/agent-\w{5} created\n$/);
    const refused = await create({ ...agent, metadata: { generateName: 'agent' } });
    expect(readDenial(refused.stderr).heading).toMatch(/\/agent\w{5}: 1 violation of policy production$/);
  });

  test('excuses nothing of another name, nor of a template', async () => {
    const refused = await create({ ...agent, metadata: { name: 'other' } });
    expect(readDenial(refused.stderr).heading).toBe(`Pod ${namespace}/other: 1 violation of policy production`);
    const { metadata, spec } = agent;
    const labels = { app: 'agent' };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    };
    const outcome = await kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: JSON.stringify(deployment) });
    expect(readDenial(outcome.stderr).heading).toBe(
      `Deployment ${namespace}/agent-1: 1 violation of policy production`,
    );
  });

  test('that is bound to a digest warns in its last days, and lets no other image pass', async () => {
    const created = await create(bound);
    expect(created).toMatchObject({ code: 0, stdout: 'pod/bound created\n' });
    expect(created.stderr).toBe(
      `Warning: exception ending ends at ${end}: spec.containers[0].securityContext.privileged is true, must be unset or false [privileged] will be refused\n`,
    );
    expect(await exemptOf('bound')).toBe('ending: privileged');
    for (const image of ['registry.k8s.io/pause:3.10', `registry.k8s.io/pause@sha256:${'0'.repeat(64)}`]) {
      const refused = await create(withImage(image, 'unbound'));
      expect(readDenial(refused.stderr).heading).toBe(`Pod ${namespace}/unbound: 1 violation of policy production`);
      expect(refused.stderr).not.toContain('Warning: ');
    }
  });

  test('covers an image by what stands in the pod when it is changed, too', async () => {
    const changed = JSON.stringify({ spec: { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10' }] } });
    const refused = await kubectl(['-n', namespace, 'patch', 'pod', 'bound', '--patch', changed]);
    expect(readDenial(refused.stderr).heading).toBe(`Pod ${namespace}/bound: 1 violation of policy production`);
  });
});
