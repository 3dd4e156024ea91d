import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { configurationPath, configurationWith, goodEntry, paths } from '../io/canaries/canary-cluster.ts';
import { type Asked, type Interception, statusOf } from '../io/cluster/loopback-api.ts';
import { authority } from '../io/server/running-webhook.ts';
import { exceptionsPath, policiesPath, type StatusCluster, startStatusCluster } from '../io/status/status-cluster.ts';
import { kubeconfigFor } from './loopback-kubeconfig.ts';
import { newFolder, run } from './running-sekisho.ts';

const day = 24 * 3_600_000;
const inNamespace = '/api/v1/namespaces/sekisho/configmaps';
const deploymentsPath = '/apis/apps/v1/namespaces/sekisho/deployments';
const policyFile = [
  'apiVersion: sekisho.dev/v1alpha1',
  'kind: PodPolicy',
  'metadata: {name: pod-security}',
  'spec: {mode: Enforce, match: {namespaces: {exclude: [lab]}}, podSecurity: {level: baseline}}',
].join('\n');
const settings = [
  'maxMode: Audit',
  'somethingNewer: true',
  'installation: {webhookConfiguration: sekisho, canaryNamespace: sekisho-canary}',
].join('\n');
const labels = { 'app.kubernetes.io/part-of': 'sekisho', 'app.kubernetes.io/instance': 'sekisho' };
const caBundle = Buffer.from(authority.cert).toString('base64');
const service = { name: 'sekisho', namespace: 'sekisho' };
const entry = { ...goodEntry, failurePolicy: 'Ignore', clientConfig: { service, caBundle } };
/** Of a webhook configuration whose entry differs. */
const configured = (change: object = {}) => {
  const configuration = configurationWith({ ...entry, ...change });
  return { ...configuration, metadata: { ...configuration.metadata, labels } };
};

let dir: string;
let cluster: StatusCluster;
/** Paths that whoever asks may not see. */
let hidden: RegExp;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  hidden = /^$/;
  cluster = await startStatusCluster();
  cluster.intercept = (asked) => refuse(asked) ?? list(asked);
  cluster.api.put(configurationPath, configured());
  cluster.api.put(`${inNamespace}/sekisho-settings`, configMap('sekisho-settings', { 'settings.yaml': settings }));
  cluster.api.put(
    `${inNamespace}/sekisho-policies`,
    configMap('sekisho-policies', { 'pod-security.yaml': policyFile }),
  );
  deploy('serve', { ready: 3, wanted: 3 });
  deploy('controller', { ready: 1, wanted: 1 });
  await writeFile(join(dir, 'kubeconfig'), kubeconfigFor(cluster.api.url));
});
afterEach(() => cluster[Symbol.asyncDispose]());

const configMap = (name: string, data: object) => ({ metadata: { name }, data });

function deploy(component: string, { ready, wanted }: { readonly ready: number; readonly wanted: number }): void {
  const metadata = { name: `sekisho-${component}`, namespace: 'sekisho', labels };
  const status = ready === 0 ? {} : { readyReplicas: ready };
  cluster.api.put(`${deploymentsPath}/${metadata.name}`, { metadata, spec: { replicas: wanted }, status });
}

function refuse({ path }: Asked): Interception | undefined {
  return hidden.test(path) ? { status: 403, body: statusOf(403, 'forbidden') } : undefined;
}

/** What has a label: the Deployment of serve, the webhook configuration. */
function list({ method, path, query }: Asked): Interception | undefined {
  if (method !== 'GET' || !query.has('labelSelector')) return undefined;
  const suffix = path.endsWith('deployments') ? /\/deployments\/.*-serve$/ : /\/validatingwebhookconfigurations\//;
  const items = [...cluster.api.objects].filter(([key]) => suffix.test(key)).map(([, object]) => object);
  return { status: 200, body: { items } };
}

const show = (...args: readonly string[]) => run(['status', '--kubeconfig', join(dir, 'kubeconfig'), ...args]);
async function shown(...args: readonly string[]) {
  const { code, stdout } = await show('-o', 'json', ...args);
  const result = JSON.parse(stdout) as {
    readonly attention: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
    readonly [field: string]: unknown;
  };
  return { code, result, codes: result.attention.map((each) => each.code) };
}

/** As the controller leaves a policy or an exception. */
function judge(
  path: string,
  spec: object,
  condition: Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>,
) {
  cluster.apply(path, spec);
  const object = cluster.api.objects.get(path);
  if (object === undefined) throw new Error(`${path} was not put`);
  const generation = Number(object.metadata['generation']);
  const said = { ...condition, observedGeneration: generation, lastTransitionTime: '2026-11-22T10:00:00Z' };
  cluster.api.put(path, { ...object, status: { observedGeneration: generation, conditions: [said] } });
}
const good = { type: 'Ready', status: 'True', reason: 'Compiled', message: 'it is in force' };
const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'it has an effect' };
const exceptionOf = (expiresAt: number) => ({
  policies: [{ name: 'production', rules: ['privileged'] }],
  match: {},
  reason: 'vendor fix',
  owner: 'team-payments',
  expiresAt: new Date(expiresAt).toISOString(),
});

describe('a healthy installation', () => {
  test('is one screen, and exit status 0', async () => {
    judge(`${policiesPath}/production`, { mode: 'Warn', podSecurity: { level: 'restricted' } }, good);
    judge(`${exceptionsPath}/legacy`, exceptionOf(Date.now() + 30 * day), accepted);
    const { code, stdout, stderr } = await show();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Sekisho sekisho (sekisho)\n\nNothing needs attention.\n\n');
    expect(stdout).toMatch(/^Mode +Audit: nobody is denied/m);
    expect(stdout).toMatch(/^Failure policy +pods\.sekisho\.dev: Ignore \(what nobody answers is admitted\)$/m);
    expect(stdout).toMatch(/^Replicas +serve 3\/3 ready, controller 1\/1 ready$/m);
    expect(stdout).toMatch(/^Certificate +CA valid for \d+ more days, until \d{4}-\d\d-\d\d$/m);
    expect(stdout).toMatch(new RegExp(`^Coverage +${paths.length} of ${paths.length} paths: .*pods/resize`, 'm'));
    expect(stdout).toMatch(/^Excluded +namespaces sekisho, kube-system$/m);
    expect(stdout).toMatch(/^ {2}pod-security +Enforce +baseline:latest +\* !\(lab\) +file +ready$/m);
    expect(stdout).toMatch(/^ {2}production +Warn +restricted:latest +\* +cluster +ready$/m);
    expect(stdout).toContain('  1 active, 0 expiring, 0 expired, 0 refused\n');
    expect(stdout.split('\n').length).toBeLessThan(25);
  });

  test('is the same in Japanese, and as JSON', async () => {
    const { stdout } = await run(['--lang', 'ja', 'status', '--kubeconfig', join(dir, 'kubeconfig')]);
    expect(stdout).toContain('対応が必要なものはありません。');
    const { code, result } = await shown();
    expect(code).toBe(0);
    expect(result).toMatchObject({ healthy: true, complete: true, attention: [], mode: 'Audit', release: 'sekisho' });
    expect(result['policies']).toMatchObject({ files: [{ name: 'pod-security', ready: true }], cluster: [] });
  });

  test('has colours only where somebody looks', async () => {
    const colored = await run(['status', '--kubeconfig', join(dir, 'kubeconfig')], { FORCE_COLOR: '1' });
    expect(colored.stdout).toContain('\u001b[32mNothing needs attention.\u001b[0m');
    expect((await show()).stdout).not.toContain('\u001b');
  });
});

describe('what needs attention stands first with what to do, and the exit status is 1:', () => {
  test('a path that is not judged', async () => {
    cluster.api.put(configurationPath, configured({ rules: goodEntry.rules.filter((_, index) => index !== 1) }));
    const { code, stdout } = await show();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^Needs attention\n {2}✗ pods\/ephemeralcontainers: not judged: no rule .*\n {6}helm upgrade sekisho CHART -n sekisho/m,
    );
  });

  test('a kind of the settings that is not judged', async () => {
    const kind = { group: 'batch.volcano.sh', kind: 'Job', resource: 'jobs' };
    const workloadKinds = ['spec.first', 'spec.second'].map((path) => ({ ...kind, path }));
    const text = `${settings}\nworkloadKinds: ${JSON.stringify(workloadKinds)}`;
    cluster.api.put(`${inNamespace}/sekisho-settings`, configMap('sekisho-settings', { 'settings.yaml': text }));
    const { code, result, codes } = await shown();
    expect([code, codes]).toEqual([1, ['pathOpen']]);
    expect(result.attention[0]?.message).toMatch(/^jobs\.batch\.volcano\.sh: not judged: no rule /);
    const rule = { ...goodEntry.rules[0], apiGroups: ['batch.volcano.sh'], apiVersions: ['*'], resources: ['jobs'] };
    cluster.api.put(configurationPath, configured({ rules: [...goodEntry.rules, rule] }));
    const healthy = await show();
    expect(healthy.code).toBe(0);
    const count = paths.length + 1;
    expect(healthy.stdout).toMatch(
      new RegExp(`^Coverage +${count} of ${count} paths: .*jobs\\.batch\\.volcano\\.sh`, 'm'),
    );
  });

  test('no webhook configuration, or one that trusts nobody', async () => {
    const clientConfig = { service };
    cluster.api.put(configurationPath, configured({ clientConfig }));
    expect((await shown()).codes).toEqual(['nobodyTrusted']);
    cluster.api.remove(configurationPath);
    const { code, codes, result } = await shown();
    expect([code, codes, result['webhook']]).toEqual([1, ['configurationMissing'], null]);
  });

  test('replicas that are not Ready or not there', async () => {
    deploy('serve', { ready: 1, wanted: 3 });
    deploy('controller', { ready: 0, wanted: 1 });
    expect((await shown()).codes).toEqual(['fewReady', 'noneReady']);
    cluster.api.remove(`${deploymentsPath}/sekisho-serve`);
    expect((await shown()).codes).toEqual(['deploymentMissing', 'noneReady']);
  });

  test('policies that are not in force, of files and of the cluster, and none at all', async () => {
    const broken = { ...good, status: 'False', reason: 'Invalid', message: 'spec.podSecurity.level: is no level' };
    judge(`${policiesPath}/broken`, { podSecurity: { level: 'strict' } }, broken);
    judge(`${policiesPath}/pod-security`, {}, { ...broken, reason: 'NameTaken', message: 'a file has the name' });
    const { code, result, codes } = await shown();
    expect([code, codes]).toEqual([1, ['policyBroken', 'policyNameTaken']]);
    expect(result.attention[0]).toMatchObject({
      message: 'policy broken is not in force: spec.podSecurity.level: is no level',
      remedy: 'kubectl edit podpolicy broken',
    });
    const file = { 'pod-security.yaml': policyFile.replace('baseline', 'strict') };
    cluster.api.put(`${inNamespace}/sekisho-policies`, configMap('sekisho-policies', file));
    expect((await shown()).codes).toEqual(['noPolicy', 'filePolicyBroken', 'policyBroken', 'policyNameTaken']);
  });

  test('a policy that nobody has judged for minutes, or not as it stands', async () => {
    cluster.apply(`${policiesPath}/new`, { podSecurity: { level: 'baseline' } });
    expect((await shown()).codes).toEqual([]);
    judge(`${policiesPath}/new`, { podSecurity: { level: 'baseline' } }, good);
    const object = cluster.api.objects.get(`${policiesPath}/new`);
    const metadata = { name: 'new', generation: 9, creationTimestamp: '2026-01-01T00:00:00Z' };
    cluster.api.put(`${policiesPath}/new`, { ...object, metadata });
    expect((await shown()).codes).toEqual(['policyNotJudged']);
    expect((await show()).stdout).toMatch(/^ {2}new .* pending$/m);
  });

  test('exceptions that end soon, have ended, or have no effect; also before the controller has said so', async () => {
    judge(`${exceptionsPath}/soon`, exceptionOf(Date.now() + 6 * day), accepted);
    judge(`${exceptionsPath}/over`, exceptionOf(Date.now() - 1_000), accepted);
    const refused = { ...accepted, status: 'False', reason: 'UnknownPolicy', message: 'there is no policy production' };
    judge(`${exceptionsPath}/wrong`, exceptionOf(Date.now() + 30 * day), refused);
    const { codes } = await shown();
    expect([...codes].sort()).toEqual(['exceptionExpired', 'exceptionExpiring', 'exceptionRefused']);
    const { stdout } = await show();
    expect(stdout).toContain('exception wrong has no effect: there is no policy production');
    expect(stdout).toMatch(/^ {2}0 active, 1 expiring, 1 expired, 1 refused$/m);
    expect(stdout).toMatch(/^ {2}soon +expiring +\S+ +team-payments +vendor fix$/m);
  });

  test('many of them, told up to a bound; as JSON all', async () => {
    const refused = { ...good, status: 'False', reason: 'Invalid', message: 'is\u001b[31m broken' };
    for (let index = 0; index < 30; index++) judge(`${policiesPath}/p-${index}`, {}, refused);
    const { stdout } = await show();
    expect(stdout).toContain('… and 10 more: -o json lists all\n');
    expect(stdout).toContain('is\\u001b[31m broken');
    expect((await shown()).codes).toHaveLength(30);
  });
});

describe('somebody who may not see everything', () => {
  test('is told which right it takes, and exit status 3', async () => {
    hidden = /validatingwebhookconfigurations|podpolicies/;
    const { code, stdout } = await show();
    expect(code).toBe(3);
    expect(stdout).toContain('Nothing that could be read needs attention.');
    const webhook = 'unknown \\(forbidden: needs get validatingwebhookconfigurations/sekisho\\)';
    for (const title of ['Failure policy', 'Certificate', 'Coverage', 'Excluded']) {
      expect(stdout).toMatch(new RegExp(`^${title} +${webhook}$`, 'm'));
    }
    expect(stdout).toMatch(/^ {2}unknown \(forbidden: needs list podpolicies\.sekisho\.dev\)$/m);
    expect(stdout).toMatch(/^ {2}pod-security +Enforce/m);
  });

  test('finds an installation that is called as usual although nothing of it may be seen', async () => {
    hidden = /./;
    const { code, result } = await shown();
    expect(code).toBe(3);
    expect(result).toMatchObject({
      name: 'sekisho',
      namespace: 'sekisho',
      mode: { unknown: 'forbidden: needs get configmaps/sekisho-settings in namespace sekisho' },
      exceptions: { unknown: 'forbidden: needs list podpolicyexceptions.sekisho.dev' },
    });
    const other = await shown('-n', 'guard', '--release', 'gate');
    expect(other.result).toMatchObject({ name: 'gate-sekisho', namespace: 'guard' });
  });

  test('is told of trouble all the same', async () => {
    hidden = /configmaps/;
    deploy('serve', { ready: 0, wanted: 3 });
    const { code, codes } = await shown();
    expect([code, codes]).toEqual([1, ['noneReady']]);
  });
});

describe('exit status 2', () => {
  test('where there is no installation, or several to choose from', async () => {
    const second = {
      ...configured(),
      metadata: { name: 'second', labels: { 'app.kubernetes.io/instance': 'second' } },
    };
    cluster.api.put(configurationPath.replace(/sekisho$/, 'second'), second);
    const several = await show();
    expect(several.code).toBe(2);
    expect(several.stderr).toContain(
      'there are 2 installations of Sekisho: choose by -n sekisho --release sekisho, -n sekisho --release second',
    );
    expect((await show('--release', 'sekisho')).code).toBe(0);
    const none = await show('--release', 'third');
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringContaining('there is no Sekisho with the release name third in this cluster'),
    ]);
  });

  test('where nobody answers, where we are not known, and where there is no such context', async () => {
    const gone = join(dir, 'gone');
    await writeFile(gone, kubeconfigFor('https://127.0.0.1:1'));
    const nobody = await run(['status', '--kubeconfig', gone]);
    expect([nobody.code, nobody.stderr]).toEqual([
      2,
      expect.stringMatching(/GET https:\/\/127\.0\.0\.1:1\/version: .*ECONNREFUSED/),
    ]);
    cluster.intercept = () => ({ status: 401 });
    const stranger = await show();
    expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringContaining('does not know who asks (401)')]);
    const lost = await show('--context', 'y');
    expect([lost.code, lost.stderr]).toEqual([2, expect.stringContaining('has no context y; there are one')]);
  });
});

test('credentials are looked for as kubectl does: KUBECONFIG, several of them, and the home folder', async () => {
  const users = JSON.parse(kubeconfigFor('https://127.0.0.1:1'));
  await writeFile(
    join(dir, 'empty'),
    JSON.stringify({ ...users, clusters: [], users: [], contexts: [], 'current-context': '' }),
  );
  const KUBECONFIG = [join(dir, 'nowhere'), join(dir, 'empty'), join(dir, 'kubeconfig')].join(':');
  expect((await run(['status'], { KUBECONFIG })).code).toBe(0);
  const nobody = await run(['status'], { HOME: dir });
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('--kubeconfig FILE')]);
});
