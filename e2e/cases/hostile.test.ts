import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAnswer, connectToApiServer } from '../harness/api-client.ts';
import { describeCase } from '../harness/case.ts';
import { readDenial } from '../harness/denial.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);

interface Container {
  env?: { name: string; value: string }[];
  image: string;
  securityContext: { capabilities: { add?: string[] } };
}

interface Pod {
  metadata: { name: string };
  spec: { volumes: { name: string; hostPath?: { path: string } }[]; containers: [Container, ...Container[]] };
}

/** The compliant pod with the odd names, and what a case does to it. */
function podWith(name: string, change: (pod: Pod) => void): string {
  const pod = JSON.parse(manifests.object('Pod/constructor')) as Pod;
  pod.metadata.name = name;
  change(pod);
  return JSON.stringify(pod);
}

let namespace: string;
let sekisho: Sekisho | undefined;

async function start(): Promise<void> {
  namespace = await createNamespace();
  const policy = await writePolicy(manifests.object('PodPolicy/restricted'), namespace, 'constructor');
  sekisho = await startSekisho({ policyFiles: [policy] });
}

describeCase('a hostile', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  beforeAll(start);
  afterAll(() => sekisho?.stop());

  const create = (manifest: string, inNamespace = namespace) =>
    kubectl(['-n', inNamespace, 'create', '-f', '-'], { stdin: manifest });

  test('set of names that every object inherits changes no verdict', async () => {
    expect(await create(manifests.object('Pod/constructor'))).toMatchObject({ code: 0, stderr: '' });
    const capable = podWith('tostring', ({ spec }) => {
      spec.containers[0].securityContext.capabilities.add = ['SYS_ADMIN'];
    });
    expect(readDenial((await create(capable)).stderr).violations).toHaveLength(1);
    const volume = podWith('valueof', ({ spec }) => {
      spec.volumes[0] = { name: 'constructor', hostPath: { path: '/' } };
    });
    expect(readDenial((await create(volume)).stderr).violations).toEqual([
      expect.stringMatching(/^✗ spec\.volumes\[0\]\.hostPath .*\[restrictedVolumes\]$/),
    ]);
  });

  test('namespace called constructor is a namespace', async () => {
    await createNamespace({}, { name: 'constructor' });
    expect(await create(manifests.object('Pod/constructor'), 'constructor')).toMatchObject({ code: 0, stderr: '' });
    const { heading } = readDenial((await create(manifests.object('Pod/privileged'), 'constructor')).stderr);
    expect(heading).toBe('Pod constructor/privileged: 5 violations of policy restricted');
  });

  test('value is printed harmlessly, on one line', async () => {
    const add = ['\u001b[2J\u001b[32mallowed', 'A\nadmitted', '\u202eDEWOLLA', '🦀'.repeat(300), '"] [privileged'];
    const pod = podWith('printed', ({ spec }) => {
      spec.containers[0].securityContext.capabilities.add = add;
    });
    const { code, stderr } = await create(pod);
    const { violations, message } = readDenial(stderr);
    expect(code).toBe(1);
    expect(violations).toHaveLength(add.length);
    expect(violations.every((line) => line.endsWith('[capabilities_restricted]'))).toBe(true);
    expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_096);
  });

  test('number of violations is told in one message', async () => {
    const pod = podWith('crowd', ({ spec }) => {
      const [first] = spec.containers;
      const securityContext = { capabilities: {} };
      spec.containers.push(
        ...Array.from({ length: 900 }, (_, index) => ({ ...first, name: `c${index}`, securityContext })),
      );
    });
    const { heading, message } = readDenial((await create(pod)).stderr);
    expect(heading).toBe(`Pod ${namespace}/crowd: 1800 violations of policy restricted`);
    expect(message).toMatch(/\n {2}… and \d+ more\nMore: /);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_096);
  });

  test('annotation that marks a mirror pod does not exempt a tenant’s pod', async () => {
    const role = ['create', 'role', 'pods', '--verb=create,get', '--resource=pods'];
    await kubectlOutput(['-n', namespace, ...role]);
    await kubectlOutput(['-n', namespace, 'create', 'rolebinding', 'pods', '--role=pods', '--user=tenant']);
    const asTenant = (name: string) =>
      kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object(name), user: 'tenant' });
    const ordinary = readDenial((await asTenant('Pod/privileged')).stderr);
    const mirror = readDenial((await asTenant('Pod/mirror')).stderr);
    const byAdministrator = readDenial((await create(manifests.object('Pod/privileged'))).stderr);
    expect(mirror.violations).toEqual(ordinary.violations);
    expect(ordinary.message.replace(ordinary.id, '')).toBe(byAdministrator.message.replace(byAdministrator.id, ''));
  });
});

describeCase('an enormous', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  beforeAll(start);
  afterAll(() => sekisho?.stop());

  /** kubectl would send every `<` as six bytes and be refused; the API server sends six bytes to us. */
  const padding = '<>&'.repeat((1.3 * 1024 * 1024) / 3);
  const enormous = (name: string, change: (container: Container) => void) =>
    podWith(name, ({ spec }) => {
      spec.containers[0].env = [{ name: 'PADDING', value: padding }];
      change(spec.containers[0]);
    });

  test('pod, a review of 8 MiB and an update of 16, gets an ordinary verdict', async () => {
    using client = await connectToApiServer();
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const times: string[] = [];
    const send = async (method: 'POST' | 'PATCH', place: string, text: string): Promise<ApiAnswer> => {
      const started = performance.now();
      const answer = await client.send({ method, path: `${path}${place}`, body: JSON.parse(text) as unknown });
      times.push(`${Math.round(performance.now() - started)} ms`);
      return answer;
    };
    const image = '{"spec":{"containers":[{"name":"constructor","image":"registry.k8s.io/pause:3.9"}]}}';
    const addCapability = ({ securityContext }: Container): void => {
      securityContext.capabilities.add = ['SYS_ADMIN'];
    };
    expect(
      (
        await send(
          'POST',
          '',
          enormous('good', () => undefined),
        )
      ).code,
    ).toBe(201);
    expect((await send('PATCH', '/good', image)).code).toBe(200);
    const refused = await send('POST', '', enormous('bad', addCapability));
    expect(refused.code).toBe(403);
    expect(refused.message).toMatch(/^admission webhook "pods\.sekisho\.dev" denied the request: Pod \S+\/bad: 1 viol/);
    process.stdout.write(`1.3 MiB of <>&: created in ${times[0]}, updated in ${times[1]}, denied in ${times[2]}\n`);
  });
});
