import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Cut, type Outpost, startOutpost } from '../drivers/node/outpost.ts';
import type { NodeDriver } from '../drivers/node.ts';
import { waitFor } from '../drivers/waiting.ts';
import { type AuditEvent, auditEvents } from '../harness/audit-log.ts';
import { describeCase } from '../harness/case.ts';
import { type Controller, type ControllerFiles, kubeconfigOf, startController } from '../harness/controller.ts';
import { subjectsOf } from '../harness/installation.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { nodeTimeoutMs, startNode } from '../harness/node.ts';

const leaseDuration = 15_000;
const account = 'system:serviceaccount:sekisho:sekisho-controller';
const times = { caLifetime: '24h', leafLifetime: '15s', propagation: '5s' };

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** All that the chart makes but its pods: so the controllers here have the rights of the chart, no more and no less. */
async function chartObjects(): Promise<readonly Manifest[]> {
  const text = await readFile(join(import.meta.dirname, '../../deploy/install.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  return objects.filter((object) => object !== null).filter(({ kind }) => kind !== 'Deployment');
}

describeCase('a leader that is cut off from the API server', ['node'], () => {
  let driver: NodeDriver;
  let files: ControllerFiles;
  const outposts: Outpost[] = [];
  beforeAll(async () => {
    driver = await startNode();
    const { cluster } = driver;
    const items = await chartObjects();
    await kubectlOutput(['create', '-f', '-'], {
      cluster,
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    });
    const text = items.find(({ metadata }) => metadata.name === 'sekisho-settings')?.data?.['settings.yaml'] ?? '';
    const config = join(cluster.folder, 'partition.yaml');
    await writeFile(config, JSON.stringify({ ...(parse(text) as object), certs: times }));
    files = { config, kubeconfig: await kubeconfigOf('sekisho-controller', 'sekisho', cluster) };
    for (const number of [0, 1]) outposts.push(await startOutpost(cluster.node.enter, number));
  }, nodeTimeoutMs);
  afterAll(async () => {
    for (const outpost of outposts) await outpost[Symbol.asyncDispose]();
    await driver?.[Symbol.asyncDispose]();
  });

  const get = (...args: string[]): Promise<string> =>
    kubectlOutput(['-n', 'sekisho', 'get', ...args], { cluster: driver.cluster });
  const bundle = async (): Promise<readonly string[]> => {
    const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}';
    const text = await get('validatingwebhookconfiguration', 'sekisho', '-o', path);
    return subjectsOf(Buffer.from(text, 'base64').toString());
  };
  /** Whom the API server trusts, once the rotation stands there. */
  const trustedWhen = (phase: string, authorities: number): Promise<readonly string[]> =>
    waitFor(
      async () => {
        const annotations = await get('secret', 'sekisho-ca', '-o', 'jsonpath={.metadata.annotations}');
        const trusted = annotations.includes(`"sekisho.dev/ca-phase":"${phase}"`) ? await bundle() : [];
        return trusted.length === authorities ? trusted : undefined;
      },
      { withinMs: 60_000, what: `a CA that is ${phase}`, everyMs: 200 },
    );
  const startIn = ({ enter }: Outpost): Promise<Controller> => startController({ ...files, enter });
  const leadership = (controller: Controller): readonly unknown[] =>
    controller.log().flatMap(({ msg }) => (msg === 'leading' || msg === 'no longer leading' ? [msg] : []));
  const rotations = (...controllers: Controller[]): readonly unknown[] =>
    controllers.flatMap((each) =>
      each.log().filter(({ msg, reason }) => msg === 'CA written' && reason === 'rotation'),
    );
  /** Who changed Secret or configuration since, by the API server's word. */
  const writers = async (since: number): Promise<readonly (string | undefined)[]> => {
    const events = await auditEvents({ username: account }, { cluster: driver.cluster, atLeast: 0 });
    const took = ({ verb, responseStatus, requestReceivedTimestamp }: AuditEvent): boolean =>
      ['update', 'patch'].includes(verb) &&
      responseStatus?.code === 200 &&
      Date.parse(requestReceivedTimestamp) >= since;
    return [...new Set(events.filter(took).map(({ sourceIPs }) => sourceIPs?.[0]))];
  };

  test('finds a lease that nobody has ever held', async () => {
    expect(await get('lease', 'sekisho-controller', '-o', 'jsonpath={.spec}')).toMatch(/^(\{\})?$/);
  });

  test.each<readonly [string, Cut, RegExp]>([
    ['because its link went down', 'unplugged', /ENETUNREACH/],
    ['because its packets vanish', 'silent', /no complete answer within/],
  ])(
    '%s stops before the standby begins, and there is one CA generation',
    { timeout: 180_000 },
    async (_why, cut, trouble) => {
      const [here, there] = outposts as [Outpost, Outpost];
      await using old = await startIn(here);
      await old.logged('leading');
      const [first = ''] = await trustedWhen('Retired', 1);
      await using young = await startIn(there);
      await young.logged('standing by');

      const cutAt = Date.now();
      await here.cut(cut);
      await kubectlOutput(['-n', 'sekisho', 'annotate', 'secret', 'sekisho-ca', 'sekisho.dev/rotate=now'], {
        cluster: driver.cluster,
      });
      const begun = await young.logged('leading');
      const stopped = await old.logged('no longer leading', 1_000);
      const after = (line: Readonly<Record<string, unknown>>): number => Date.parse(String(line['time'])) - cutAt;
      process.stdout.write(
        `partition, ${cut}: stopped after ${after(stopped)} ms, taken over after ${after(begun)} ms\n`,
      );
      expect(stopped).toMatchObject({ reason: 'the lease could not be renewed in time' });
      const troubles = old.log().flatMap(({ msg, reason }) => (msg === 'cannot hold the lease' ? [reason] : []));
      expect(troubles).toContainEqual(expect.stringMatching(trouble));
      expect(after(stopped)).toBeLessThan(after(begun));
      expect(after(begun)).toBeLessThanOrEqual(leaseDuration + 5_000);
      const both = await trustedWhen('Published', 2);
      expect(both[0]).toBe(first);

      await here.heal();
      expect(await old.logged('standing by')).toMatchObject({ holder: begun['identity'] });
      // What the old leader sent into the cut, its kernel may deliver now, while the rotation goes on.
      expect(await trustedWhen('Retired', 1)).toEqual([both[1]]);
      expect(leadership(old)).toEqual(['leading', 'no longer leading']);
      expect(leadership(young)).toEqual(['leading']);
      expect(await get('lease', 'sekisho-controller', '-o', 'jsonpath={.spec.holderIdentity}')).toBe(begun['identity']);
      expect(rotations(old, young)).toHaveLength(1);
      expect(await writers(cutAt)).toEqual([there.address]);
    },
  );
});
