import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { configurationOf, secretOf } from '../../src/io/certificates/objects.ts';
import { waitFor } from '../drivers/waiting.ts';
import { connectToApiServer } from '../harness/api-client.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { type CertificateKeeper, startCertificateKeeper } from '../harness/certificate-keeper.ts';
import { type Installation, install } from '../harness/installation.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { startLateView } from '../harness/late-view.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { startReplica } from '../harness/replica.ts';
import { startSpreader } from '../harness/spreader.ts';
import { disposeUnfinished } from '../harness/unfinished.ts';
import { expectEveryCallAnswered } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);

/** Milliseconds. `E2E_ROTATION=long` is the scale of the acceptance test, and takes seven minutes. */
const scale =
  process.env['E2E_ROTATION'] === 'long'
    ? { propagation: 60_000, leafLifetime: 180_000, lags: [20_000, 45_000] }
    : { propagation: 8_000, leafLifetime: 24_000, lags: [3_000, 6_000] };
const { propagation, leafLifetime, lags } = scale;
const times = { caLifetime: 86_400_000, leafLifetime, propagation };

const perSecond = 50;

describeCase('a rotation of the CA', ['binaries'], () => {
  expectEveryCallAnswered();

  const expected = 2 * propagation + leafLifetime + Math.max(...lags);
  test(`fails no call at ${perSecond} a second, whatever replicas see late`, {
    timeout: 120_000 + 2 * expected,
  }, async () => {
    const selected = await createNamespace();
    await using spreader = await startSpreader();
    const installation = await install({ manifests, selected, port: spreader.port, times });
    const { objects, config } = installation;
    const views = await Promise.all(
      lags.map((lag) => startLateView(lag, [secretOf(objects), configurationOf(objects)])),
    );
    await using _one = await startCertificateKeeper(objects, times);
    await using _other = await startCertificateKeeper(objects, times);
    const policy = await writePolicy(manifests.object('PodPolicy/restricted'), selected);
    const kubeconfigs = [sharedCluster().access.administrator.kubeconfig, ...views.map(({ kubeconfig }) => kubeconfig)];
    const replicas = kubeconfigs.map((kubeconfig) => startReplica({ config, kubeconfig, policy }));
    await Promise.all(replicas.map((replica) => replica.ready(30_000 + 2 * Math.max(...lags))));
    const ports = await Promise.all(replicas.map(async (replica) => (await replica.listening(1_000)).port));
    const [old = []] = (await installation.trusted()) ?? [];
    expect(old, 'two controllers made one CA').toHaveLength(1);
    expect(await Promise.all(ports.map(issuerAt))).toEqual(ports.map(() => old[0]));
    spreader.spreadOver(ports);

    const load = startLoad(selected);
    await sleep(2_000);
    const started = performance.now();
    await installation.rotate();
    await waitFor(
      async () => ((await installation.secret()).phase === 'Published' ? true : undefined),
      soon('publishing'),
    );
    expect((await installation.trusted())?.[0]?.[0]).toBe(old[0]);
    const gone = async (): Promise<true | undefined> => {
      const [trusted = []] = (await installation.trusted()) ?? [];
      const { phase } = await installation.secret();
      return phase === 'Retired' && trusted.length === 1 && trusted[0] !== old[0] ? true : undefined;
    };
    await waitFor(gone, { withinMs: 60_000 + expected, what: 'the old CA to be gone', everyMs: 500 });
    const took = performance.now() - started;
    // Until the replica that sees everything late has seen this too.
    await sleep(Math.max(...lags) + 2_000);
    const answers = await load.stop();
    const everywhere = (await installation.trusted()) ?? [];
    const [fresh = []] = everywhere;
    expect(everywhere, 'every entry trusts the new CA alone').toEqual([fresh, fresh, fresh]);
    const issuers = await Promise.all(ports.map(issuerAt));
    process.stdout.write(
      `rotation: ${Math.round(took / 1_000)} s, ${answers.length} requests, connections by replica ` +
        `${spreader.given.join('/')}, ${answers.filter((code) => code !== 201).length} not created\n`,
    );
    expect(issuers).toEqual(ports.map(() => fresh[0]));
    expect(answers.filter((code) => code !== 201)).toEqual([]);
    expect(answers.length).toBeGreaterThan((perSecond * took) / 1_000 / 2);
    expect(Math.min(...ports.map((_, index) => spreader.given[index] ?? 0))).toBeGreaterThan(50);
    expect(took).toBeGreaterThanOrEqual(2 * propagation + leafLifetime);
    for (const replica of [...replicas, ...views]) await replica[Symbol.asyncDispose]();
  });
});

describeCase('certificates that somebody spoils', ['binaries'], () => {
  afterEach(disposeUnfinished);
  const spoiled = { ...times, propagation: 2_000, leafLifetime: 10_000 };
  const within = { withinMs: 30_000, everyMs: 250 };

  const prepared = async (): Promise<{
    installation: Installation;
    keeper: CertificateKeeper;
    before: readonly string[];
  }> => {
    const installation = await install({ manifests, selected: 'none', port: 65_535, times: spoiled });
    const keeper = await startCertificateKeeper(installation.objects, spoiled);
    const [before = []] = await waitFor(
      async () => {
        const trusted = await installation.trusted();
        return trusted?.[0]?.length === 1 ? trusted : undefined;
      },
      { ...within, what: 'the first CA' },
    );
    return { installation, keeper, before };
  };
  const entryPath = '/webhooks/0/clientConfig/caBundle';

  test.each([
    ['another certificate', { op: 'replace', path: entryPath, value: '' }],
    ['nothing', { op: 'remove', path: entryPath }],
  ])('are repaired within 30 s: %s in the caBundle', async (_what, operation) => {
    const { installation, before } = await prepared();
    const foreign = Buffer.from(
      (await import('../harness/loopback-certificate.ts')).makeLoopbackCertificate().certificate,
    );
    await installation.patchConfiguration([
      operation.op === 'replace' ? { ...operation, value: foreign.toString('base64') } : operation,
    ]);
    const repaired = async () => {
      const [now] = (await installation.trusted()) ?? [];
      return String(now) === String(before) ? true : undefined;
    };
    await waitFor(repaired, { ...within, what: 'the repaired caBundle' });
  });

  test('are repaired within 30 s: an emptied Secret; the old CA stays trusted until its last leaf is gone', async () => {
    const { installation, before } = await prepared();
    const { namespace } = installation.objects;
    await kubectlOutput([
      '-n',
      namespace,
      'patch',
      'secret',
      'sekisho-ca',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/data"}]',
    ]);
    const both = async () => {
      const [now = []] = (await installation.trusted()) ?? [];
      return now.length === 2 && now[0] === before[0] ? now : undefined;
    };
    const now = await waitFor(both, { ...within, what: 'old and new CA' });
    expect((await installation.secret()).data).toHaveProperty(['tls.key']);
    const one = async () => {
      const [trusted = []] = (await installation.trusted()) ?? [];
      return trusted.length === 1 && trusted[0] === now[1] ? true : undefined;
    };
    await waitFor(one, { ...within, what: 'the new CA alone' });
  });

  test('are alarmed within 30 s and never recreated: a deleted entry, a deleted configuration', async () => {
    const { installation, keeper } = await prepared();
    const alarm = (message: string) => () =>
      keeper.lines.find(({ msg, level }) => msg === message && level === 'error');
    await installation.patchConfiguration([{ op: 'remove', path: '/webhooks/0' }]);
    await waitFor(alarm('webhook entry missing'), { ...within, what: 'an alarm' });
    expect(await keeper.metric('sekisho_webhook_entries{state="missing"}')).toBe(1);
    await kubectlOutput(['delete', 'validatingwebhookconfiguration', installation.objects.webhookConfiguration]);
    await waitFor(alarm('webhook configuration missing'), { ...within, what: 'an alarm' });
    await sleep(11_000);
    expect(await installation.trusted()).toBeUndefined();
    expect(await keeper.metric('sekisho_webhook_entries{state="missing"}')).toBe(1);
  });
});

function soon(what: string) {
  return { withinMs: 20_000, what, everyMs: 100 };
}

/** So many pods a second, all at once: the API server keeps 25 idle connections, so every burst shakes hands anew. */
function startLoad(namespace: string): { stop(): Promise<readonly number[]> } {
  const answers: number[] = [];
  const body: unknown = JSON.parse(manifests.object('Pod/NAME').replace('NAME', 'load'));
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  let stopped = false;
  const run = async (): Promise<void> => {
    using client = await connectToApiServer(undefined, { connections: perSecond });
    const bursts: Promise<void>[] = [];
    while (!stopped) {
      const pause = sleep(1_000);
      const burst = Array.from({ length: perSecond }, async () => {
        const { code, message } = await client.send({ method: 'POST', path, body });
        if (code !== 201) process.stdout.write(`${new Date().toISOString()} ${code} ${message}\n`);
        answers.push(code);
      });
      bursts.push(Promise.all(burst).then(() => undefined));
      await pause;
    }
    await Promise.all(bursts);
  };
  const ended = run();
  return {
    async stop() {
      stopped = true;
      await ended;
      return answers;
    },
  };
}

/** Who signed what a replica shows now. */
async function issuerAt(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { issuer } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return issuer ?? 'nobody';
}
