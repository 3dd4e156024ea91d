import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/io/clock.ts';
import { createControllerMetrics } from '../../../src/io/controller-metrics.ts';
import { createLogger } from '../../../src/io/log.ts';
import { keepStatus } from '../../../src/io/status/status-duty.ts';
import { newFolder } from '../../commands/running-sekisho.ts';
import { eventually } from '../../eventually.ts';
import { exceptionsPath, policiesPath, type StatusCluster, startStatusCluster } from './status-cluster.ts';

const day = 24 * 3_600_000;
const usable = { podSecurity: { level: 'baseline' } };
const production = `${policiesPath}/production`;
const legacy = `${exceptionsPath}/legacy`;
const exceptionOf = (name: string, expiresAt: number | string) => ({
  policies: [{ name, rules: ['privileged'] }],
  match: { namespaces: { include: ['payments'] } },
  reason: 'vendor fix',
  expiresAt: typeof expiresAt === 'string' ? expiresAt : new Date(expiresAt).toISOString(),
});

let cluster: StatusCluster;
let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  cluster = await startStatusCluster();
});
afterEach(() => cluster[Symbol.asyncDispose]());

interface Watched {
  readonly policySources?: readonly string[];
  /** What the clock on the wall is wrong by, in milliseconds. */
  readonly late?: () => number;
}

/** The duty, until it is disposed. */
function perform({ policySources = [], late = () => 0 }: Watched = {}) {
  const client = cluster.api.connect();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
  const metrics = createControllerMetrics('0');
  const clock = { ...systemClock, wall: () => new Date(Date.now() + late()) };
  const stop = new AbortController();
  const options = { client, clock, random: Math.random, log, metrics, policySources };
  const ended = keepStatus({ ...options, maxExceptionDuration: 90 * day })(stop.signal);
  const samples = async (name: string) =>
    [...(await metrics.registry.metrics()).matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)`, 'gm'))]
      .map(([, labels, value]) => `${labels} ${value}`)
      .sort();
  const end = async () => {
    stop.abort();
    await ended;
    await client[Symbol.asyncDispose]();
  };
  return { lines, samples, end, [Symbol.asyncDispose]: end };
}

const says = (path: string, expected: string) =>
  eventually(`${path} says ${expected}, not ${cluster.said(path)}`, () => cluster.said(path)?.includes(expected));
/** Long enough for whoever would write again to have done so. */
const pass = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('policies', () => {
  test('are told whether they can be used, with the field that is wrong, once', async () => {
    cluster.apply(production, usable);
    cluster.apply(`${policiesPath}/broken`, { podSecurity: { level: 'strict' } });
    await using _duty = perform();
    await says(production, 'Ready=True Compiled');
    await says(`${policiesPath}/broken`, 'Ready=False Invalid');
    expect(cluster.statusOf(`${policiesPath}/broken`)?.conditions[0]?.message).toMatch(/^spec\.podSecurity\.level: /);
    expect(cluster.statusOf(production)?.observedGeneration).toBe(1);
    await pass(600);
    expect(cluster.patches()).toHaveLength(2);
  });

  test('are judged anew when they change, and keep the time of what stayed', async () => {
    cluster.apply(production, usable);
    await using _duty = perform({ late: () => -3_600_000 });
    await says(production, 'Ready=True Compiled');
    const before = cluster.statusOf(production);
    cluster.apply(production, { ...usable, mode: 'Warn' });
    await eventually('generation 2', () => cluster.statusOf(production)?.observedGeneration === 2);
    const times = (status: typeof before) => status?.conditions.map(({ lastTransitionTime }) => lastTransitionTime);
    expect(times(cluster.statusOf(production))).toEqual(times(before));
    expect(times(before)?.[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    cluster.apply(production, { mode: 'Perhaps' });
    await says(production, 'Ready=False Invalid');
  });

  test('that share namespaces say so until they no longer do', async () => {
    cluster.apply(production, usable);
    cluster.apply(`${policiesPath}/team`, usable);
    await using _duty = perform();
    await says(production, 'Overlaps=True SameNamespaces');
    await says(`${policiesPath}/team`, 'Overlaps=True SameNamespaces');
    cluster.api.remove(`${policiesPath}/team`);
    await says(production, 'Overlaps=False NoOther');
  });

  test('lose their name to a file, also to one that is broken, and get it back when the file is gone', {
    timeout: 30_000,
  }, async () => {
    const file = join(folder, 'policy.yaml');
    const head = 'apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: production}\n';
    await writeFile(file, `${head}spec: {podSecurity: {level: strict}}\n`);
    cluster.apply(production, usable);
    await using _duty = perform({ policySources: [folder] });
    await says(production, 'Ready=False NameTaken');
    await rm(file);
    await says(production, 'Ready=True Compiled');
  });

  test('are judged although the files cannot be read, and the log says so once', async () => {
    cluster.apply(production, usable);
    await using duty = perform({ policySources: [join(folder, 'nowhere')] });
    await says(production, 'Ready=True Compiled');
    const told = duty.lines.filter(({ level }) => level === 'error');
    expect(told).toMatchObject([{ msg: 'policies cannot be read, the last good ones stay' }]);
  });
});

describe('exceptions', () => {
  test('are accepted, or told why not', async () => {
    const soon = Date.now() + day;
    cluster.apply(production, usable);
    cluster.apply(legacy, exceptionOf('production', soon));
    cluster.apply(`${exceptionsPath}/misnamed`, exceptionOf('produktion', soon));
    cluster.apply(`${exceptionsPath}/long`, exceptionOf('production', soon + 90 * day));
    cluster.apply(`${exceptionsPath}/old`, exceptionOf('production', soon - 2 * day));
    cluster.apply(`${exceptionsPath}/misdated`, exceptionOf('production', 'tomorrow'));
    await using duty = perform();
    await says(legacy, 'Accepted=True Accepted');
    await says(legacy, 'Broad=True NotBoundByDigest');
    await says(`${exceptionsPath}/misnamed`, 'Accepted=False UnknownPolicy');
    await says(`${exceptionsPath}/long`, 'Accepted=False TooLong');
    await says(`${exceptionsPath}/old`, 'Accepted=False Expired');
    await says(`${exceptionsPath}/misdated`, 'Accepted=False Invalid');
    expect(await duty.samples('sekisho_exceptions')).toEqual([
      'state="active" 0',
      'state="expired" 1',
      'state="expiring" 1',
      'state="refused" 3',
    ]);
    await duty.end();
    expect(await duty.samples('sekisho_exceptions')).toEqual([]);
  });

  test('of files are counted, keep their names, and may name policies of the cluster', {
    timeout: 30_000,
  }, async () => {
    const file = join(folder, 'exception.json');
    const metadata = { name: 'legacy' };
    const spec = exceptionOf('production', Date.now() + day);
    const exception = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicyException', metadata, spec };
    await writeFile(file, JSON.stringify(exception));
    cluster.apply(production, usable);
    cluster.apply(legacy, spec);
    await using duty = perform({ policySources: [folder] });
    await says(legacy, 'Accepted=False NameTaken');
    expect((await duty.samples('sekisho_exceptions')).filter((line) => !line.endsWith(' 0'))).toEqual([
      'state="expiring" 1',
      'state="refused" 1',
    ]);
    await rm(file);
    await says(legacy, 'Accepted=True Accepted');
  });

  test('become accepted when the policy that they name comes', async () => {
    cluster.apply(legacy, exceptionOf('production', Date.now() + day));
    await using _duty = perform();
    await says(legacy, 'Accepted=False UnknownPolicy');
    cluster.apply(production, usable);
    await says(legacy, 'Accepted=True Accepted');
  });

  test('expire at their second, without anything happening', async () => {
    const end = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
    cluster.apply(production, usable);
    cluster.apply(legacy, exceptionOf('production', end));
    await using _duty = perform();
    await says(legacy, 'Accepted=True Accepted');
    await says(legacy, 'Accepted=False Expired');
    const [accepted] = cluster.statusOf(legacy)?.conditions ?? [];
    expect(Date.parse(accepted?.lastTransitionTime ?? '')).toBeGreaterThanOrEqual(end);
    expect(cluster.patches().filter(({ path }) => path.startsWith(legacy))).toHaveLength(2);
  });
});

describe('a write', () => {
  test('that was overtaken is judged anew by what stands there', async () => {
    cluster.apply(production, usable);
    let overtakings = 0;
    cluster.intercept = ({ method }) => {
      if (method === 'PATCH' && overtakings++ === 0) cluster.apply(production, { mode: 'Perhaps' });
      return undefined;
    };
    await using _duty = perform();
    await says(production, 'Ready=False Invalid');
    expect(cluster.statusOf(production)?.observedGeneration).toBe(2);
    expect(cluster.patches()).toHaveLength(2);
  });

  test('that fails is tried again, later and later, and told once; others do not wait for it', async () => {
    cluster.apply(production, usable);
    cluster.apply(`${policiesPath}/team`, usable);
    let refusals = 0;
    cluster.intercept = ({ method, path }) =>
      method === 'PATCH' && path.startsWith(production) && refusals++ < 2 ? { status: 403 } : undefined;
    await using duty = perform();
    await says(`${policiesPath}/team`, 'Ready=True Compiled');
    await says(production, 'Ready=True Compiled');
    expect(refusals).toBe(3);
    const told = duty.lines.filter(({ level }) => level === 'warn');
    expect(told).toMatchObject([{ msg: 'status cannot be written, trying again', object: 'PodPolicy/production' }]);
  });

  test('that the API server does not keep is not repeated for ever', async () => {
    cluster.apply(production, usable);
    cluster.intercept = ({ method, path }) =>
      method === 'PATCH' ? { status: 200, body: cluster.api.objects.get(path.replace('/status', '')) } : undefined;
    await using duty = perform();
    await eventually('the complaint', () =>
      duty.lines.some(({ msg }) => msg === 'status cannot be written, trying again'),
    );
    await pass(300);
    expect(cluster.patches()).toHaveLength(1);
  });

  test('of many at once comes one by one, and none is forgotten', async () => {
    const names = Array.from({ length: 45 }, (_, index) => `policy-${index}`);
    const places = names.map((name) => `${policiesPath}/${name}`);
    for (const name of names) {
      cluster.apply(`${policiesPath}/${name}`, { ...usable, match: { namespaces: { include: [name] } } });
    }
    await using _duty = perform();
    await eventually('all', () => places.every((path) => cluster.said(path)?.[0] === 'Ready=True Compiled'));
    expect(cluster.patches()).toHaveLength(45);
  });
});

test('a cluster without our kinds is no trouble', async () => {
  cluster.api.collections.clear();
  cluster.intercept = ({ path }) => (path.startsWith(policiesPath) ? { status: 404 } : undefined);
  await using duty = perform();
  await eventually('both were looked for', () => cluster.api.asked.length >= 2);
  await pass(300);
  expect(duty.lines).toEqual([]);
});
