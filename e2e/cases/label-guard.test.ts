import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { User } from '../drivers/cluster.ts';
import type { Outcome } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

const manifests = readManifests(import.meta.filename);
const enforce = 'pod-security.kubernetes.io/enforce';
const restricted = { tier: 'tenant', [enforce]: 'restricted' };

describeCase('the guard of labels', ['webhookAddress'], () => {
  let sekisho: Sekisho | undefined;
  const namespaces: string[] = [];
  const takeNamespace = (): string => namespaces.pop() ?? '';
  beforeAll(async () => {
    for (let i = 0; i < 8; i++) namespaces.push(await createNamespace());
    const policy = await writePolicy(manifests.object('PodPolicy/guarding'), ...namespaces);
    const { kubeconfig } = sharedCluster().access.administrator;
    sekisho = await startSekisho({ policyFiles: [policy], args: ['--kubeconfig', kubeconfig] });
  });
  afterAll(() => sekisho?.stop());

  /** A namespace with labels that a tenant and the group platform may edit. */
  async function namespaceWith(labels: Readonly<Record<string, string>>): Promise<string> {
    const namespace = takeNamespace();
    for (const object of ['Role/editor', 'RoleBinding/editor']) {
      await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object(object) });
    }
    const stated = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    if (stated.length > 0) await kubectlOutput(['label', 'namespace', namespace, ...stated]);
    // RBAC hears of new roles by a watch.
    const allowed = async () => {
      const { stdout } = await kubectl(['auth', 'can-i', 'patch', 'namespaces', '-n', namespace], { user: 'tenant' });
      return stdout.startsWith('yes') ? true : undefined;
    };
    await waitFor(allowed, { withinMs: 30_000, what: 'the right to edit the namespace' });
    return namespace;
  }

  const label = (namespace: string, changes: readonly string[], user: User = 'tenant'): Promise<Outcome> =>
    kubectl(['label', 'namespace', namespace, '--overwrite', ...changes], { user });
  const labelsOf = async (namespace: string): Promise<Record<string, string>> => {
    const { metadata } = JSON.parse(await kubectlOutput(['get', 'namespace', namespace, '-o', 'json']));
    return metadata.labels;
  };
  const asPlatform = ['--as=olga', '--as-group=platform', '--as-group=system:authenticated'];

  describe('a tenant who may edit the namespace', () => {
    let namespace: string;
    beforeAll(async () => {
      namespace = await namespaceWith(restricted);
    });

    test.each([
      ['lowers a label', [`${enforce}=privileged`], 'is "privileged", must stay restricted or stricter'],
      ['removes it', [`${enforce}-`], 'is unset, must stay restricted or stricter'],
      ['moves the namespace out of the policy at once', [`${enforce}-`, 'tier-'], 'is unset, must stay restricted'],
      ['pins an old version', [`${enforce}-version=v1.20`], 'is "v1.20", must stay latest or newer'],
    ])('is refused: %s', async (_, changes, sentence) => {
      const { code, stderr } = await label(namespace, changes);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `admission webhook "guard.sekisho.dev" denied the request: Namespace ${namespace}: 1 violation of policy guarding`,
      );
      expect(stderr).toContain(sentence);
      expect(stderr).toMatch(/More: sekisho explain namespaceLabelChange {5}Id: [0-9a-f]{16}/);
      expect(await labelsOf(namespace)).toMatchObject(restricted);
    });

    test('is refused by way of status and finalize too, even as administrator', async () => {
      const patch = JSON.stringify({ metadata: { labels: { [enforce]: null } } });
      const { stderr } = await kubectl([
        'patch',
        'namespace',
        namespace,
        '--subresource=status',
        '--type=merge',
        '-p',
        patch,
      ]);
      expect(stderr).toContain('admission webhook "guard.sekisho.dev" denied the request');
      const live = JSON.parse(await kubectlOutput(['get', 'namespace', namespace, '-o', 'json']));
      delete live.metadata.labels[enforce];
      const path = `/api/v1/namespaces/${namespace}/finalize`;
      const finalized = await kubectl(['replace', '--raw', path, '-f', '-'], { stdin: JSON.stringify(live) });
      expect(finalized.stderr).toContain('admission webhook "guard.sekisho.dev" denied the request');
      expect(await labelsOf(namespace)).toMatchObject(restricted);
    });

    test('may raise labels, and change others', async () => {
      expect(await label(namespace, ['pod-security.kubernetes.io/audit=restricted', 'color=blue'])).toMatchObject({
        code: 0,
      });
    });

    test('leaves the decision in log and metrics', async () => {
      await label(namespace, [`${enforce}-`]);
      // The log is written in batches.
      const line = async () =>
        sekisho?.log().findLast(({ resource, user }) => resource === 'namespaces' && user === 'tenant');
      const decided = await waitFor(line, { withinMs: 10_000, what: 'the line of the decision' });
      expect(decided).toMatchObject({
        msg: 'decided',
        name: namespace,
        user: 'tenant',
        allowed: false,
        findings: [{ policy: 'guarding', rule: 'namespaceLabelChange', mode: 'Enforce' }],
      });
      const metrics = await (await fetch(`${sekisho?.probeUrl}/metrics`)).text();
      expect(metrics).toMatch(
        /sekisho_findings_total\{policy="guarding",rule="namespaceLabelChange",mode="Enforce"\} [1-9]/,
      );
      expect(metrics).toMatch(/operation="UPDATE",resource="namespaces",subresource="",decision="deny"/);
    });
  });

  test('a group that is allowed may lower them', async () => {
    const namespace = await namespaceWith(restricted);
    const lowered = await kubectl([
      ...asPlatform,
      'label',
      'namespace',
      namespace,
      '--overwrite',
      `${enforce}=baseline`,
    ]);
    expect(lowered).toMatchObject({ code: 0 });
    expect(await labelsOf(namespace)).toMatchObject({ [enforce]: 'baseline' });
  });

  test('outside the policy nobody is asked', async () => {
    const namespace = await namespaceWith({ [enforce]: 'restricted' });
    expect(await label(namespace, [`${enforce}-`])).toMatchObject({ code: 0, stderr: '' });
  });

  const warningsIn = ({ stderr }: Outcome): readonly string[] =>
    stderr.split('\n').flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length)] : []));
  const createPods = async (namespace: string): Promise<void> => {
    for (const pod of ['Pod/bad', 'Pod/good']) {
      await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object(pod) });
    }
  };

  test('labels that bring the namespace under a policy warn of the pods that it would refuse', async () => {
    const namespace = await namespaceWith({});
    await createPods(namespace);
    const labelled = await label(namespace, ['tier=tenant']);
    expect(labelled.code).toBe(0);
    expect(warningsIn(labelled)).toEqual([
      `1 of 2 existing pods in namespace ${namespace} would be refused under its new labels`,
      'bad: guarding [hostNamespaces]',
    ]);
  });

  test('of what an enforce label asks for the API server warns, and we do not say it again', async () => {
    const namespace = await namespaceWith({});
    await createPods(namespace);
    const labelled = await label(namespace, ['tier=tenant', `${enforce}=baseline`]);
    expect(labelled.code).toBe(0);
    expect(warningsIn(labelled)).toEqual([
      `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "baseline:latest"`,
      'bad: host namespaces',
    ]);
  });

  test('while nobody answers labels stay, and everything else about a namespace goes on', async () => {
    const namespace = await namespaceWith(restricted);
    sekisho?.signal('SIGKILL');
    const refused = await label(namespace, ['color=blue']);
    expect(refused.stderr).toContain('failed calling webhook "guard.sekisho.dev"');
    expect(await kubectl(['annotate', 'namespace', namespace, 'color=blue'], { user: 'tenant' })).toMatchObject({
      code: 0,
    });
    expect(await kubectl(['delete', 'namespace', namespace, '--wait=false'])).toMatchObject({ code: 0 });
  });
});
