import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepLeaf, type LeafOptions, leafNames } from '../../../src/io/certificates/leaf.ts';
import { issueAuthority } from '../../../src/io/tls/issue.ts';
import type { KeyPair, ServingPair } from '../../../src/io/tls/key-pair.ts';
import { eventually } from '../../eventually.ts';
import { daysFrom } from '../../lifetimes.ts';
import {
  type CertificateCluster,
  configuration,
  configurationPath,
  emptySecret,
  objects,
  observers,
  secretPath,
  startCertificateCluster,
  times,
} from './certificate-cluster.ts';

const day = 86_400_000;
const lifetime = daysFrom(new Date());
const [first, second] = await Promise.all([issueAuthority(lifetime), issueAuthority(lifetime)]);
const expired = await issueAuthority(daysFrom(new Date(Date.now() - 3 * day)));
const early = await issueAuthority(daysFrom(new Date(Date.now() + 3 * day)));

let cluster: CertificateCluster;
beforeEach(async () => {
  cluster = await startCertificateCluster();
});
afterEach(() => cluster[Symbol.asyncDispose]());

function signBy({ cert, key }: KeyPair): void {
  const { labels } = emptySecret.metadata;
  cluster.changeSecret({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': cert }, { labels });
}

function trust(...authorities: readonly KeyPair[]): void {
  const caBundle = Buffer.from(authorities.map(({ cert }) => cert).join('')).toString('base64');
  cluster.putConfiguration(configuration(configuration.entry('pods.sekisho.dev', caBundle)));
}

/** A replica whose clocks can be set forward. */
function keep(changes: Partial<LeafOptions> = {}) {
  const seen = observers();
  const client = cluster.api.connect();
  const pairs: ServingPair[] = [];
  const clock = { ahead: 0 };
  const leaf = keepLeaf({
    client,
    objects,
    names: leafNames({ service: 'sekisho', namespace: 'sekisho' }, ['127.0.0.1', 'sekisho.example']),
    times,
    log: seen.log,
    metrics: seen.metrics,
    now: () => new Date(Date.now() + clock.ahead),
    elapsed: () => performance.now() + clock.ahead,
    changed: (pair) => pairs.push(pair),
    ...changes,
  });
  return {
    ...seen,
    leaf,
    pairs,
    clock,
    served: () => new X509Certificate(pairs.at(-1)?.cert ?? ''),
    failures: () => seen.metric('sekisho_certificate_reload_failures_total'),
    async [Symbol.asyncDispose]() {
      await leaf[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    },
  };
}

const signedBy = (certificate: X509Certificate, { cert }: KeyPair): boolean =>
  certificate.verify(new X509Certificate(cert).publicKey);

describe('the leaf of a replica', () => {
  test('is signed in memory as soon as there is a CA, for the Service and the names of the settings', async () => {
    cluster.api.put(secretPath, emptySecret);
    await using replica = keep();
    await eventually('waits', () => replica.logged('waiting for the CA').length > 0);
    expect(replica.leaf.unreadiness()).toBe('there is no serving certificate yet');
    signBy(first);
    await replica.leaf.first;
    const served = replica.served();
    expect(served.subjectAltName).toBe(
      'DNS:sekisho.sekisho.svc, DNS:sekisho.sekisho.svc.cluster.local, DNS:sekisho.example, IP Address:127.0.0.1',
    );
    expect(signedBy(served, first)).toBe(true);
    expect(served.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(times.leafLifetime);
    expect(replica.pairs[0]?.cert.split('BEGIN CERTIFICATE')).toHaveLength(3);
    expect(await replica.failures()).toBe(0);
    const expiry = await replica.metric('sekisho_certificate_expiry_timestamp_seconds{kind="serving"}');
    expect(expiry).toBe(served.validToDate.getTime() / 1_000);
    expect(cluster.api.asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(JSON.stringify(replica.lines)).not.toContain('PRIVATE');
  });

  test('is renewed at two thirds of its life by the wall clock, however that jumps', async () => {
    signBy(first);
    await using replica = keep();
    await replica.leaf.first;
    replica.clock.ahead = times.leafLifetime * 0.6;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(replica.pairs).toHaveLength(1);
    replica.clock.ahead = times.leafLifetime * 0.7;
    await eventually('renewed', () => replica.pairs.length === 2);
    replica.clock.ahead = times.leafLifetime * 20;
    await eventually('renewed after a jump', () => replica.pairs.length === 3);
    replica.clock.ahead = -7_200_000;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(replica.leaf.unreadiness(), 'neither leaf nor CA is valid two hours ago').toMatch(/not valid now/);
    expect(replica.pairs).toHaveLength(3);
  });

  test('changes with the CA once the configuration has trusted the new one for as long as propagation takes', async () => {
    signBy(first);
    trust(first);
    await using replica = keep();
    await replica.leaf.first;
    trust(first, second);
    await new Promise((resolve) => setTimeout(resolve, times.propagation + 300));
    signBy(second);
    await eventually('signed anew', () => replica.pairs.length === 2);
    expect(signedBy(replica.served(), second)).toBe(true);
  });

  test('stays where a CA takes over without notice, until the API servers know it', async () => {
    signBy(first);
    trust(first);
    await using replica = keep();
    await replica.leaf.first;
    signBy(second);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(replica.pairs).toHaveLength(1);
    trust(first, second);
    await eventually('signed anew', () => replica.pairs.length === 2);
    expect(signedBy(replica.served(), second)).toBe(true);
  });

  test('changes at once where the API servers no longer trust its own CA', async () => {
    signBy(first);
    trust(first);
    await using replica = keep();
    await replica.leaf.first;
    trust(second);
    signBy(second);
    await eventually('signed anew', () => replica.pairs.length === 2);
  });

  test.each([
    [
      'half written',
      () => cluster.changeSecret({ 'tls.crt': first.cert.slice(0, 500), 'tls.key': first.key }),
      /tls\.crt.*read/,
    ],
    ['without its key', () => cluster.changeSecret({ 'tls.crt': first.cert }), /key cannot be read/],
    ['mismatched', () => cluster.changeSecret({ 'tls.crt': second.cert, 'tls.key': first.key }), /does not belong/],
    ['expired', () => signBy(expired), /expired at/],
    ['not valid yet', () => signBy(early), /not valid before/],
    ['emptied', () => cluster.changeSecret(undefined), /is empty/],
    ['deleted', () => cluster.api.remove(secretPath), /does not exist/],
    ['garbage', () => cluster.changeSecret({ 'tls.crt': 'x', 'tls.key': 'y' }), /cannot be read/],
    ['unlabelled', () => cluster.changeSecret(cluster.secretData(), { labels: {} }), /label/],
  ])('stays while the CA is %s; the metric tells, the log once', async (_how, spoil, reason) => {
    signBy(first);
    trust(first);
    await using replica = keep();
    await replica.leaf.first;
    spoil();
    const line = await eventually(
      'said',
      () => replica.logged('CA cannot be used, the last good certificate stays')[0],
    );
    expect(line).toMatchObject({ level: 'error', reason: expect.stringMatching(reason), secret: 'sekisho/sekisho-ca' });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await replica.failures()).toBe(1);
    expect(replica.pairs).toHaveLength(1);
    expect(replica.leaf.unreadiness()).toBeUndefined();
    trust(first, second);
    await new Promise((resolve) => setTimeout(resolve, times.propagation));
    signBy(second);
    await eventually('signed anew', () => replica.pairs.length === 2);
    expect(JSON.stringify(replica.lines)).not.toContain('PRIVATE');
  });

  test('goes on being renewed by the last good CA while the Secret holds none', async () => {
    signBy(first);
    trust(first);
    await using replica = keep();
    await replica.leaf.first;
    cluster.changeSecret(undefined);
    await eventually('said', () => replica.logged('CA cannot be used, the last good certificate stays').length > 0);
    replica.clock.ahead = times.leafLifetime * 0.7;
    await eventually('renewed', () => replica.pairs.length === 2);
    expect(signedBy(replica.served(), first)).toBe(true);
  });
});

describe('readiness', () => {
  test('waits for the configuration to trust the leaf, by all entries, and never asks again', async () => {
    signBy(first);
    const caBundle = Buffer.from(first.cert).toString('base64');
    const entries = (second?: string) =>
      cluster.putConfiguration(
        configuration(
          configuration.entry('pods.sekisho.dev', caBundle),
          configuration.entry('policies.sekisho.dev', second),
          configuration.entry('pods.example.com'),
        ),
      );
    entries();
    await using replica = keep();
    await replica.leaf.first;
    await eventually('not trusted', () => replica.leaf.unreadiness()?.includes('does not trust our certificate yet'));
    await expect.poll(() => replica.metric('sekisho_webhook_entries{state="mismatched"}')).toBe(1);
    entries(caBundle);
    await eventually('ready', () => replica.leaf.unreadiness() === undefined);
    trust(second);
    await expect.poll(() => replica.metric('sekisho_webhook_entries{state="mismatched"}')).toBe(1);
    expect(replica.leaf.unreadiness()).toBeUndefined();
    cluster.api.remove(configurationPath);
    await expect.poll(() => replica.metric('sekisho_webhook_entries{state="missing"}')).toBe(1);
    expect(replica.leaf.unreadiness()).toBeUndefined();
  });

  test('does not wait longer than a minute for a configuration that is not there', async () => {
    signBy(first);
    await using replica = keep();
    await replica.leaf.first;
    await eventually('waits', () => replica.leaf.unreadiness() === 'the webhook configuration does not exist yet');
    replica.clock.ahead = 55_000;
    expect(replica.leaf.unreadiness()).toBe('the webhook configuration does not exist yet');
    replica.clock.ahead = 59_000 + 1_500;
    await eventually('ready, or renewing', () => replica.leaf.unreadiness() === undefined);
  });
});
