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
let sekisho: Sekisho | undefined;

const run = (...args: readonly string[]): Promise<Outcome> => kubectl(['-n', namespace, ...args]);
const create = (manifest: string, ...args: readonly string[]): Promise<Outcome> =>
  kubectl(['-n', namespace, 'create', '-f', '-', ...args], { stdin: manifest });

/** Each violation as `path [rule]`, in the order of the rules. */
function violationsIn({ stderr }: Outcome): readonly string[] {
  const lines = readDenial(stderr).violations;
  return lines.map((line) => line.replace(/^✗ (\S+) .*(\[\w+\])$/, '$1 $2')).sort();
}

describeCase('practices', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  beforeAll(async () => {
    namespace = await createNamespace();
    const policy = await writePolicy(manifests.object('PodPolicy/practices'), namespace, 'default');
    sekisho = await startSekisho({ policyFiles: [policy] });
    await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object('Pod/good') });
    // What a scheduler does; nobody looks whether there is such a node.
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'good' },
      target: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
    };
    const path = `/api/v1/namespaces/${namespace}/pods/good/binding`;
    await kubectlOutput(['create', '--raw', path, '-f', '-'], { stdin: JSON.stringify(binding) });
  });
  afterAll(() => sekisho?.stop());

  test('are asked of a pod as the API server has filled it in', async () => {
    expect(violationsIn(await create(manifests.object('Pod/bad')))).toEqual([
      'metadata.labels.team [requireLabels]',
      'spec.containers[0].securityContext.readOnlyRootFilesystem [readOnlyRootFilesystem]',
      'spec.nodeName [disallowNodeName]',
      'spec.priorityClassName [disallowPriorityClasses]',
      // It was written in the field of the old name, and the API server fills both.
      'spec.serviceAccountName [disallowDefaultServiceAccount]',
    ]);
    expect(await create(manifests.object('Pod/deprecated'))).toMatchObject({ code: 0, stderr: '' });
  });

  test('propose changes after which only what is a choice is left', async () => {
    const { proposal, patch = '' } = readDenial((await create(manifests.object('Pod/bad'))).stderr);
    expect(proposal).toBe('These changes satisfy 3 of 5:');
    const local = ['patch', '--local', '-f', '-', '--type=strategic', '-p', patch, '-o', 'json'];
    const changed = await kubectlOutput(local, { stdin: manifests.object('Pod/bad') });
    expect(violationsIn(await create(changed))).toEqual([
      'spec.priorityClassName [disallowPriorityClasses]',
      'spec.serviceAccountName [disallowDefaultServiceAccount]',
    ]);
  });

  test('let a pod keep the node that it was bound to', async () => {
    const node = ['-n', namespace, 'get', 'pod/good', '-o', 'jsonpath={.spec.nodeName}'];
    expect(await kubectlOutput(node)).toBe('node-1');
    expect(await run('annotate', 'pod/good', 'seen=yes')).toMatchObject({ code: 0, stderr: '' });
    const image = '--image=registry.k8s.io/busybox:1.37';
    const debugged = await run(
      'debug',
      'pod/good',
      image,
      '--profile=restricted',
      '--container=look',
      '--attach=false',
    );
    expect(debugged.code).toBe(0);
  });

  test('mind a label that is taken away, and no other', async () => {
    const taken = await run('label', 'pod/good', 'team-');
    expect(violationsIn(taken)).toEqual(['metadata.labels.team [requireLabels]']);
    expect(await run('label', 'pod/good', 'tier=web')).toMatchObject({ code: 0, stderr: '' });
  });

  test('know the namespace of an object that names none', async () => {
    const args = ['-n', 'default', 'create', '--dry-run=server', '-f', '-'];
    const outcome = await kubectl(args, { stdin: manifests.object('Pod/good') });
    expect(violationsIn(outcome)).toEqual(['metadata.namespace [disallowDefaultNamespace]']);
  });
});
