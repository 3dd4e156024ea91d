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

const escalation = 'allowPrivilegeEscalation';
const capabilities = 'capabilities_restricted';

/** Which rules of each level the container of a profile breaks; it is allowed where it breaks none. */
const profiles = [
  ['restricted', [], []],
  ['legacy', [escalation, capabilities], []],
  ['general', [escalation, capabilities], ['capabilities_baseline']],
  ['baseline', [escalation, capabilities], []],
  ['netadmin', [escalation, capabilities], ['capabilities_baseline']],
  ['sysadmin', ['privileged', escalation, capabilities], ['privileged']],
] as const;

describeCase('kubectl debug', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  const namespaces = { restricted: '', baseline: '', restrictedTwin: '', baselineTwin: '' };
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    const enforce = (level: string) => createNamespace({ 'pod-security.kubernetes.io/enforce': level });
    namespaces.restricted = await createNamespace();
    namespaces.baseline = await createNamespace();
    namespaces.restrictedTwin = await enforce('restricted');
    namespaces.baselineTwin = await enforce('baseline');
    const strict = await writePolicy(manifests.object('PodPolicy/strict'), namespaces.restricted);
    const base = await writePolicy(manifests.object('PodPolicy/base'), namespaces.baseline);
    sekisho = await startSekisho({ policyFiles: [strict, base] });
    for (const namespace of Object.values(namespaces)) {
      await kubectlOutput(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object('Pod/app') });
    }
  });
  afterAll(() => sekisho?.stop());

  const debug = (namespace: string, profile: string, ...flags: readonly string[]): Promise<Outcome> => {
    const args = ['--image=registry.k8s.io/busybox:1.37', `--profile=${profile}`, `--container=${profile}`, ...flags];
    return kubectl(['-n', namespace, 'debug', 'pod/app', ...args, '--attach=false'], { timeoutMs: 20_000 });
  };
  const brokenRules = ({ code, stderr }: Outcome): readonly string[] => {
    if (code === 0) return [];
    return /More: sekisho explain (.*?) {4}/.exec(readDenial(stderr).footer)?.[1]?.split(' ').filter(Boolean) ?? [];
  };

  test.for(profiles)('adds a container of profile %s where the level allows it', async (row) => {
    const [profile, restricted, baseline] = row;
    expect(brokenRules(await debug(namespaces.restricted, profile))).toEqual(restricted);
    expect(brokenRules(await debug(namespaces.baseline, profile))).toEqual(baseline);
  });

  test.for(profiles)('with profile %s gets the verdict that built-in labels give', async (row) => {
    const [profile, restricted, baseline] = row;
    const builtIn = [await debug(namespaces.restrictedTwin, profile), await debug(namespaces.baselineTwin, profile)];
    expect(builtIn.map(({ code }) => code === 0)).toEqual([restricted.length === 0, baseline.length === 0]);
    expect(builtIn.every(({ code, stderr }) => code === 0 || stderr.includes('violates PodSecurity'))).toBe(true);
  });

  test('leaves in the pod only the containers that were allowed', async () => {
    const names = 'jsonpath={.spec.ephemeralContainers[*].name}';
    const added = (namespace: string) => kubectlOutput(['-n', namespace, 'get', 'pod', 'app', '-o', names]);
    expect(await added(namespaces.restricted)).toBe('restricted');
    expect(await added(namespaces.baseline)).toBe('restricted legacy baseline');
  });

  test('makes no copy of a pod that the level refuses', async () => {
    const copied = await debug(namespaces.restricted, 'sysadmin', '--copy-to=copy');
    expect(brokenRules(copied)).toEqual(['privileged', escalation, capabilities]);
    expect(readDenial(copied.stderr).heading).toMatch(/^Pod \S+\/copy: \d violations of policy strict$/);
    expect(await debug(namespaces.restricted, 'restricted', '--copy-to=copy')).toMatchObject({ code: 0 });
  });
});
