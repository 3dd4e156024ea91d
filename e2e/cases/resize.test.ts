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

/** Where each container has a maximum. */
let namespace: string;
/** Where the pod as a whole has one. */
let whole: string;
let sekisho: Sekisho | undefined;

const resize = (where: string, container: string, resources: object): Promise<Outcome> => {
  const patch = JSON.stringify({ spec: { containers: [{ name: container, resources }] } });
  return kubectl(['-n', where, 'patch', 'pod/old', '--subresource=resize', '-p', patch]);
};
const limitOf = (where: string, index: number): Promise<string> =>
  kubectlOutput(['-n', where, 'get', 'pod/old', '-o', `jsonpath={.spec.containers[${index}].resources.limits.memory}`]);
const allowed = { code: 0, stderr: '' };

describeCase('a resize', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  beforeAll(async () => {
    namespace = await createNamespace();
    whole = await createNamespace();
    for (const each of [namespace, whole]) {
      await kubectlOutput(['-n', each, 'create', '-f', '-'], { stdin: manifests.object('Pod/old') });
    }
    sekisho = await startSekisho({
      policyFiles: [
        await writePolicy(manifests.object('PodPolicy/containers'), namespace),
        await writePolicy(manifests.object('PodPolicy/whole'), whole),
      ],
    });
  });
  afterAll(() => sekisho?.stop());

  test('that raises a limit over the maximum is denied, for that limit alone', async () => {
    const { code, stderr } = await resize(namespace, 'app', { limits: { memory: '257Mi' } });
    const { heading, violations } = readDenial(stderr);
    expect({ code, heading }).toEqual({ code: 1, heading: `Pod ${namespace}/old: 1 violation of policy containers` });
    expect(violations).toEqual([
      expect.stringMatching(/spec\.containers\[0\]\.resources\.limits\.memory .*"257Mi".*256Mi +\[maximumLimits\]$/),
    ]);
    expect(await limitOf(namespace, 0)).toBe('128Mi');
  });

  test('up to the maximum is allowed, beside a container that is above it', async () => {
    expect(await resize(namespace, 'app', { limits: { memory: '0.25Gi', cpu: '1000m' } })).toMatchObject(allowed);
    expect(await limitOf(namespace, 0)).toBe('256Mi');
  });

  test('of a container that is above the maximum is denied where it stays so', async () => {
    const { code, stderr } = await resize(namespace, 'large', { limits: { memory: '300Mi' } });
    expect(code).toBe(1);
    expect(readDenial(stderr).violations).toHaveLength(1);
  });

  test('that brings the pod as a whole over its maximum is denied', async () => {
    const { code, stderr } = await resize(whole, 'app', { limits: { memory: '129Mi' } });
    const { violations } = readDenial(stderr);
    expect(code).toBe(1);
    expect(violations).toEqual([
      expect.stringMatching(/spec\.resources\.limits\.memory .*513Mi.*512Mi +\[maximumLimits\]$/),
    ]);
  });

  test('that keeps the pod as a whole within its maximum is allowed', async () => {
    expect(await resize(whole, 'app', { requests: { memory: '96Mi' } })).toMatchObject(allowed);
    expect(await limitOf(whole, 0)).toBe('128Mi');
  });

  test('is not what a label of a pod above the maximum is', async () => {
    expect(await kubectl(['-n', namespace, 'label', 'pod/old', 'team=storefront'])).toMatchObject(allowed);
  });

  test('that takes a limit away the API server refuses itself', async () => {
    const { code, stderr } = await resize(namespace, 'app', { limits: { memory: null } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/resource limits cannot be removed/);
  });
});
