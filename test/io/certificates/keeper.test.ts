import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type KeeperOptions, keepCertificates } from '../../../src/io/certificates/keeper.ts';
import { eventually } from '../../eventually.ts';
import {
  type CertificateCluster,
  configuration,
  configurationPath,
  count,
  emptySecret,
  objects,
  observers,
  secretPath,
  startCertificateCluster,
  times,
} from './certificate-cluster.ts';

let cluster: CertificateCluster;
let before: Parameters<typeof startCertificateCluster>[0];
beforeEach(async () => {
  before = {};
  cluster = await startCertificateCluster({ before: (asked) => before?.before?.(asked) });
});
afterEach(() => cluster[Symbol.asyncDispose]());

function install(): void {
  cluster.api.put(secretPath, emptySecret);
  cluster.putConfiguration(configuration());
}

function keep(changes: Partial<KeeperOptions> = {}, { api } = cluster) {
  const seen = observers();
  const client = api.connect();
  const stop = new AbortController();
  const options: KeeperOptions = {
    client,
    objects,
    times,
    log: seen.log,
    metrics: seen.metrics,
    now: () => new Date(),
    elapsed: () => performance.now(),
    ...changes,
  };
  const ended = keepCertificates(options)(stop.signal);
  return {
    ...seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      await client[Symbol.asyncDispose]();
    },
  };
}

const settled = () =>
  eventually('the configuration trusts the bundle of the Secret', () => {
    const bundle = cluster.secretData()['ca.crt'];
    return bundle !== undefined && cluster.trusted() === bundle && bundle;
  });
const inPhase = (phase: string, authorities: number) =>
  eventually(`${phase} with ${authorities}`, () => isIn(phase, authorities));
const isIn = (phase: string, authorities: number) =>
  cluster.annotations()['sekisho.dev/ca-phase'] === phase &&
  count(cluster.secretData()['ca.crt'] ?? '') === authorities;

describe('the keeper of certificates', () => {
  test('fills an empty Secret and has every entry of ours trust it; nothing else is changed', async () => {
    cluster.api.put(secretPath, emptySecret);
    const foreign = configuration.entry('pods.example.com', 'AAAA');
    cluster.putConfiguration(
      configuration(configuration.entry('pods.sekisho.dev'), foreign, configuration.entry('policies.sekisho.dev')),
    );
    await using keeper = keep();
    const bundle = await settled();
    const { 'tls.crt': cert = '', 'tls.key': key = '' } = cluster.secretData();
    expect(bundle).toBe(cert);
    const certificate = new X509Certificate(cert);
    expect(certificate.ca).toBe(true);
    expect(certificate.validToDate.getTime() - Date.now()).toBeGreaterThan(times.caLifetime - 60_000);
    expect(key).toContain('PRIVATE KEY');
    const secret = cluster.api.objects.get(secretPath);
    expect(secret).toMatchObject({ type: 'Opaque', metadata: { labels: emptySecret.metadata['labels'] } });
    expect(cluster.annotations()).toMatchObject({
      'sekisho.dev/ca-phase': 'Retired',
      'sekisho.dev/phase-since': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(cluster.trusted(2)).toBe(bundle);
    expect(cluster.webhooks()[1]).toEqual(foreign);
    await expect.poll(() => keeper.metric('sekisho_webhook_entries{state="ok"}')).toBe(2);
    const expiry = certificate.validToDate.getTime() / 1_000;
    expect(await keeper.metric('sekisho_certificate_expiry_timestamp_seconds{kind="ca"}')).toBe(expiry);
    expect(JSON.stringify(keeper.lines)).not.toContain('PRIVATE');
  });

  test('waits for objects that are not there yet, creates none, and begins when they come', async () => {
    await using _keeper = keep();
    await eventually('it has asked', () => cluster.api.asked.length > 3);
    expect(cluster.api.asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    install();
    await settled();
  });

  test('an API server that is slow for ever does not keep it dating what it wrote', async () => {
    install();
    let at = 0;
    const elapsed = (): number => {
      at += 3_000;
      return at;
    };
    await using keeper = keep({ elapsed });
    await settled();
    expect(keeper.logged('CA written').map(({ reason }) => reason)).toEqual(['first', ...Array(3).fill('dated again')]);
  });

  test('leaves a Secret without our label alone, and says so', async () => {
    cluster.api.put(secretPath, { ...emptySecret, metadata: { name: 'sekisho-ca', namespace: 'sekisho', labels: {} } });
    cluster.putConfiguration(configuration());
    let hours = 0;
    await using keeper = keep({ elapsed: () => performance.now() + hours++ * 3_600_000 });
    await eventually('it has asked', () => cluster.api.asked.length > 3);
    cluster.putConfiguration(configuration());
    await eventually('said', () => keeper.logged('CA Secret without our label, left alone').length === 1);
    expect(cluster.api.asked.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('rotates when it is asked to, and goes through every phase', async () => {
    install();
    await using _keeper = keep({ times: { ...times, leafLifetime: 1_500 } });
    const old = await settled();
    cluster.changeSecret(cluster.secretData(), {
      annotations: { ...cluster.annotations(), 'sekisho.dev/rotate': 'now' },
    });
    await inPhase('Published', 2);
    expect(cluster.secretData()).toMatchObject({ 'tls.crt': old, 'next.crt': expect.any(String) });
    expect(cluster.annotations()).not.toHaveProperty('sekisho.dev/rotate');
    const next = cluster.secretData()['next.crt'];
    await inPhase('Signing', 2);
    expect(cluster.secretData()).toMatchObject({ 'tls.crt': next, 'ca.crt': `${old}${next}` });
    expect(cluster.secretData()).not.toHaveProperty('next.key');
    expect(cluster.trusted()).toBe(`${old}${next}`);
    await inPhase('Retired', 1);
    await eventually('the old CA is gone', () => cluster.trusted() === next);
  });

  test('does not let the next CA sign while the configuration loses it again and again', async () => {
    install();
    await using _keeper = keep({ times: { ...times, propagation: 1_500, leafLifetime: 20_000 } });
    const old = await settled();
    cluster.changeSecret(cluster.secretData(), { annotations: { 'sekisho.dev/rotate': 'now' } });
    for (let times = 0; times < 4; times++) {
      await eventually('both are trusted', () => count(cluster.trusted()) === 2);
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(cluster.annotations()['sekisho.dev/ca-phase']).toBe('Published');
      cluster.putConfiguration(
        configuration(configuration.entry('pods.sekisho.dev', Buffer.from(old).toString('base64'))),
      );
    }
    await inPhase('Signing', 2);
  });

  test.each([
    ['emptied', undefined],
    ['emptied to nothing', ''],
    ['garbage', 'Z2FyYmFnZQ=='],
  ])('repairs a caBundle that was %s', async (_how, spoiled) => {
    install();
    await using _keeper = keep();
    await settled();
    cluster.putConfiguration(configuration(configuration.entry('pods.sekisho.dev', spoiled)));
    await settled();
    expect(count(cluster.trusted())).toBe(1);
  });

  test('fills a Secret that was emptied; whom the API servers trust stays trusted', async () => {
    install();
    await using _keeper = keep();
    const old = await settled();
    cluster.changeSecret(undefined);
    await inPhase('Signing', 2);
    const bundle = await settled();
    expect(bundle).toBe(`${old}${cluster.secretData()['tls.crt']}`);
  });

  test.each(['tls.crt', 'tls.key', 'ca.crt'])('mends a Secret whose %s was spoiled', async (name) => {
    install();
    await using _keeper = keep();
    const old = await settled();
    cluster.changeSecret({ ...cluster.secretData(), [name]: 'half a PE' });
    await eventually('mended', () => {
      const { 'ca.crt': bundle = '', 'tls.crt': cert = '-' } = cluster.secretData();
      return bundle.includes(old) && bundle.includes(cert) && cluster.trusted() === bundle;
    });
  });

  test('alarms a deleted entry and a deleted configuration, once, and never makes them anew', async () => {
    install();
    await using keeper = keep();
    await settled();
    cluster.putConfiguration({ ...configuration(), webhooks: [] });
    const entryMissing = await eventually('alarm', () => keeper.logged('webhook entry missing')[0]);
    expect(entryMissing).toMatchObject({ level: 'error', entry: 'pods.sekisho.dev', configuration: 'sekisho' });
    await expect.poll(() => keeper.metric('sekisho_webhook_entries{state="missing"}')).toBe(1);
    cluster.api.remove(configurationPath);
    await eventually('alarm', () => keeper.logged('webhook configuration missing').length === 1);
    cluster.changeSecret(cluster.secretData());
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(cluster.api.objects.has(configurationPath)).toBe(false);
    expect(keeper.logged('webhook configuration missing')).toHaveLength(1);
    cluster.putConfiguration(configuration());
    await settled();
    await expect.poll(() => keeper.metric('sekisho_webhook_entries{state="missing"}')).toBe(0);
  });

  test('two at once make one CA, one rotation, and then agree', async () => {
    install();
    await using _one = keep();
    await using _other = keep();
    await settled();
    const first = cluster.secretData()['tls.crt'];
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(cluster.secretData()['tls.crt']).toBe(first);
    expect(count(cluster.trusted())).toBe(1);
    cluster.changeSecret(cluster.secretData(), { annotations: { 'sekisho.dev/rotate': 'now' } });
    await inPhase('Signing', 2);
    expect(await settled()).toBe(`${first}${cluster.secretData()['tls.crt']}`);
    expect(cluster.generations.size).toBe(2);
  });

  test.each(['request', 'answer'] as const)(
    'that is killed while a %s of any write is on its way is followed by one that ends right',
    async (part) => {
      const brief = { ...times, propagation: 150, leafLifetime: 200 };
      /** The first CA and its patch, published and patched, signing, retired and patched. */
      const writes = [1, 2, 3, 4, 5, 6, 7];
      const lives = writes.map(async (fatal) => {
        let written = 0;
        let kill = (): void => undefined;
        const lose = ({ method }: { method: string }) => {
          if (method === 'GET' || ++written !== fatal) return undefined;
          kill();
          return part;
        };
        await using own = await startCertificateCluster({ lose });
        own.api.put(secretPath, emptySecret);
        own.putConfiguration(configuration());
        const first = keep({ times: brief }, own);
        const killed = new Promise<void>((resolve) => {
          kill = resolve;
        });
        const rotated = killed.then(async () => {
          await first[Symbol.asyncDispose]();
          return keep({ times: brief }, own);
        });
        const one = () =>
          own.trusted() !== '' && count(own.trusted()) === 1 && own.trusted() === own.secretData()['ca.crt'];
        await eventually('the first CA', one);
        own.changeSecret(own.secretData(), { annotations: { ...own.annotations(), 'sekisho.dev/rotate': 'now' } });
        await using second = await rotated;
        await eventually(`an end after write ${fatal}`, () => {
          const { 'sekisho.dev/ca-phase': phase, 'sekisho.dev/rotate': asked } = own.annotations();
          return phase === 'Retired' && asked === undefined && one() && own.generations.size > 1;
        });
        expect([fatal, own.generations.size]).toEqual([fatal, 2]);
        expect(second.lines.filter(({ level }) => level === 'error')).toEqual([]);
      });
      await Promise.all(lives);
    },
    60_000,
  );

  test('does not write what an older view of the Secret would make of a newer configuration', async () => {
    install();
    await using _keeper = keep();
    await settled();
    let raced = 0;
    before = {
      before({ method }) {
        if (method !== 'PATCH' || raced++ > 0) return;
        cluster.putConfiguration(configuration(configuration.entry('pods.sekisho.dev', 'QUFBQQ==')));
      },
    };
    cluster.putConfiguration(configuration(configuration.entry('pods.sekisho.dev', 'AAAA')));
    await eventually('raced', () => raced > 1);
    await settled();
  });

  test('goes on after the API server was away', async () => {
    install();
    await using keeper = keep();
    await settled();
    cluster.api.breakWatches();
    cluster.putConfiguration(configuration());
    await settled();
    expect(keeper.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
