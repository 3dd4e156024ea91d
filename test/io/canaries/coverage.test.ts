import { afterEach, describe, expect, test } from 'vitest';
import { answerRequest } from '../../../src/core/admission/answer.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import { workloadOfKind } from '../../../src/core/pod/workload.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { findCoverage } from '../../../src/io/canaries/coverage.ts';
import { watchCoverage } from '../../../src/io/canaries/coverage-duty.ts';
import { canariesFor } from '../../../src/io/canaries/manifests.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { createControllerMetrics } from '../../../src/io/controller-metrics.ts';
import { createLogger } from '../../../src/io/log.ts';
import { offline } from '../../../src/io/offline.ts';
import { builtin, reviewOf } from '../../admission-requests.ts';
import { eventually } from '../../eventually.ts';
import { type Interception, type LoopbackApi, statusOf } from '../cluster/loopback-api.ts';
import {
  canaryNamespace,
  configurationPath,
  configurationWith,
  goodEntry,
  paths,
  startCanaryCluster,
} from './canary-cluster.ts';

let api: LoopbackApi | undefined;
afterEach(async () => {
  await api?.[Symbol.asyncDispose]();
});

const names = { canaryNamespace, webhookConfiguration: 'sekisho' };

async function coverage(
  fate: (resource: string) => boolean | Interception = () => true,
  change?: (api: LoopbackApi) => void,
) {
  api = await startCanaryCluster({ of: fate });
  change?.(api);
  await using client = api.connect();
  const states = await findCoverage({ client, ...names });
  expect(states.map(({ path }) => path).sort()).toEqual([...paths].sort());
  return Object.fromEntries(
    states.map((each) => [each.path, each.state === 'covered' ? 'covered' : `${each.state}: ${each.reason}`]),
  );
}

const every = (state: string) => Object.fromEntries(paths.map((path) => [path, state]));

describe('a canary', () => {
  test.each(
    canariesFor(canaryNamespace).flatMap(({ path, objects }) => objects.map((object) => [path, object] as const)),
  )('of %s complies with the restricted level', (_path, object) => {
    const { apiVersion, kind } = object as { apiVersion: string; kind: string };
    expect(workloadOfKind(apiVersion, kind)).toBeDefined();
    const policies = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' });
    const request = parseAdmissionReview(reviewOf(object, { kind, namespace: canaryNamespace }));
    expect(answerRequest(request, { policies, ...offline, locale: 'en' })).toMatchObject({ findings: [] });
  });

  test('is submitted as a dry run into the namespace of the canaries, and nowhere else', async () => {
    await coverage();
    const posts = (api?.asked ?? []).filter(({ method }) => method === 'POST');
    expect(posts.map(({ path }) => path).sort()).toEqual([
      '/api/v1/namespaces/sekisho-canary/pods',
      '/apis/apps/v1/namespaces/sekisho-canary/deployments',
      '/apis/batch/v1/namespaces/sekisho-canary/cronjobs',
    ]);
    expect(posts.map(({ query }) => query.get('dryRun'))).toEqual(['All', 'All', 'All']);
  });
});

describe('every path', () => {
  test('is covered where the warning arrives and the configuration is complete', async () => {
    expect(await coverage()).toEqual(every('covered'));
  });

  test('but what was admitted without the warning is covered', async () => {
    const open = 'open: a canary was admitted without an answer of Sekisho';
    expect(await coverage((resource) => resource === 'cronjobs')).toEqual({
      ...every('covered'),
      pods: open,
      deployments: open,
    });
  });

  test('but those are covered whose webhook fails', async () => {
    const message = 'Internal error occurred: failed calling webhook "pods.sekisho.dev": connection refused';
    const states = await coverage((resource) => resource !== 'pods' || { status: 500, body: statusOf(500, message) });
    expect(states).toEqual({ ...every('covered'), pods: `open: 500: ${message}` });
  });

  test.each([
    ['that may not be created', 403, 'pods is forbidden: User "x" cannot create resource "pods"'],
    ['whose namespace is missing', 404, 'namespaces "sekisho-canary" not found'],
    ['for which there is no time', 429, 'too many requests'],
  ])('is unknown of a canary %s', async (_what, status, message) => {
    const states = await coverage(() => ({ status, body: statusOf(status, message) }));
    const unknown = `unknown: ${status}: ${message}`;
    expect(states).toEqual({ ...every('covered'), pods: unknown, deployments: unknown, cronjobs: unknown });
  });

  test('is covered although this API server knows no image volumes', async () => {
    let first = true;
    const states = await coverage((resource) => {
      if (resource !== 'pods' || !first) return true;
      first = false;
      return { status: 422, body: statusOf(422, 'spec.volumes[0]: Required value: must specify a volume type') };
    });
    expect(states).toEqual(every('covered'));
  });

  test('of which the configuration knows nothing is open, whatever a canary met', async () => {
    const states = await coverage(undefined, (each) =>
      each.put(configurationPath, configurationWith({ ...goodEntry, rules: goodEntry.rules.slice(0, 1) })),
    );
    expect(states).toMatchObject({ pods: 'covered', 'pods/resize': expect.stringContaining('open: no rule') });
    expect(states['deployments']).toBe('open: no rule of the webhook configuration for CREATE');
  });

  test('is open without a configuration', async () => {
    const states = await coverage(undefined, (each) => each.remove(configurationPath));
    expect(states).toEqual(every('open: the webhook configuration sekisho does not exist'));
  });
});

describe('the duty', () => {
  test('tells each change once, in log and metrics, and forgets when another leads', async () => {
    let answered = true;
    api = await startCanaryCluster({ of: (resource) => answered || resource !== 'pods' });
    await using client = api.connect();
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
    const metrics = createControllerMetrics('0');
    // No pauses to speak of: the duty looks again and again.
    const clock = { ...systemClock, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 10)) };
    const stop = new AbortController();
    const ended = watchCoverage({ client, ...names, clock, log, metrics })(stop.signal);
    const looks = (count: number) =>
      eventually('more canaries', () => (api?.asked ?? []).filter(({ method }) => method === 'POST').length >= count);
    const samples = async () =>
      Object.fromEntries(
        [...(await metrics.registry.metrics()).matchAll(/^sekisho_coverage\{path="(.*)"\} (\d)/gm)].map(
          ([, path, value]) => [path, Number(value)],
        ),
      );
    await looks(9);
    expect(await samples()).toEqual(Object.fromEntries(paths.map((path) => [path, 1])));
    answered = false;
    await eventually('the alarm', () => lines.length === 2);
    await looks(30);
    expect(await samples()).toMatchObject({ pods: 0, deployments: 1 });
    answered = true;
    await eventually('the end of the alarm', () => lines.length === 3);
    stop.abort();
    await ended;
    expect(await samples()).toEqual({});
    expect(lines).toMatchObject([
      { level: 'info', msg: 'every path is intercepted', paths: expect.arrayContaining(paths) },
      {
        level: 'warn',
        msg: 'path is not intercepted',
        path: 'pods',
        reason: 'a canary was admitted without an answer of Sekisho',
      },
      { level: 'info', msg: 'every path is intercepted' },
    ]);
  });

  const waiting = async () => {
    api = await startCanaryCluster({ of: () => true });
    const client = api.connect();
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
    const pauses: { readonly milliseconds: number; readonly end: () => void }[] = [];
    const sleep = (milliseconds: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        pauses.push({ milliseconds, end: resolve });
        signal.addEventListener('abort', () => resolve());
      });
    const clock = { ...systemClock, sleep };
    const stop = new AbortController();
    const ended = watchCoverage({ client, ...names, clock, log, metrics: createControllerMetrics('0') })(stop.signal);
    const end = async () => {
      stop.abort();
      await ended;
      await client[Symbol.asyncDispose]();
    };
    return { api, lines, pauses, end };
  };

  test('looks first 15 s after it was taken up, when a fresh installation has its certificates', async () => {
    const { api, lines, pauses, end } = await waiting();
    expect(pauses.map(({ milliseconds }) => milliseconds)).toEqual([15_000]);
    expect(api.asked).toEqual([]);
    pauses[0]?.end();
    await eventually('the first look', () => pauses.length === 2);
    expect(lines).toMatchObject([{ level: 'info', msg: 'every path is intercepted' }]);
    await end();
  });

  test('that is given up before its first look asks nothing', async () => {
    const { api, lines, end } = await waiting();
    await end();
    expect({ asked: api.asked, lines }).toEqual({ asked: [], lines: [] });
  });
});
