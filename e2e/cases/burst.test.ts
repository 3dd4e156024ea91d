import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAnswer, type ApiRequest, connectToApiServer } from '../harness/api-client.ts';
import { describeCase } from '../harness/case.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { createNamespace } from '../harness/namespace.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';
import { expectEveryCallAnswered, webhookCalls } from '../harness/webhook-calls.ts';

const manifests = readManifests(import.meta.filename);
const atOnce = 1_000;

describeCase('a burst', ['webhookAddress'], () => {
  expectEveryCallAnswered();
  let namespace: string;
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    namespace = await createNamespace();
    const policy = await writePolicy(manifests.object('PodPolicy/restricted'), namespace);
    sekisho = await startSekisho({ policyFiles: [policy] });
  });
  afterAll(() => sekisho?.stop());

  /**
   * Real creates, no dry run: whatever is admitted stays and is found. The administrator's group, system:masters, is
   * exempt from the API server's own limits of requests in flight, so that it holds none of them back.
   */
  const sendAll = async (prefix: string): Promise<Burst> => {
    using client = await connectToApiServer(undefined, { connections: atOnce });
    const shakeHands = () => client.send({ method: 'GET', path: '/livez' });
    await Promise.all(Array.from({ length: atOnce }, shakeHands));
    let waiting = 0;
    let most = 0;
    const started = performance.now();
    const send = async (_: unknown, index: number): Promise<TimedAnswer> => {
      waiting += 1;
      most = Math.max(most, waiting);
      const answer = await client.send(creationOf(`${prefix}-${index}`, namespace));
      waiting -= 1;
      return { ...answer, milliseconds: performance.now() - started };
    };
    const answers = await Promise.all(Array.from({ length: atOnce }, send));
    return { answers, most };
  };

  test.for(['first', 'second'])('of 1,000 violating pods at once is denied pod by pod: the %s one', async (prefix) => {
    const before = await webhookCalls();
    const burst = await sendAll(prefix);
    process.stdout.write(`${figures(prefix, burst)}\n`);
    const { answers, most } = burst;
    const odd = answers.find(({ code, message }) => code !== 403 || !message.includes(': 6 violations of policy'));
    expect(odd).toBeUndefined();
    expect({ answers: answers.length, most }).toEqual({ answers: atOnce, most: atOnce });
    expect((await webhookCalls()).denied - before.denied).toBe(atOnce);
    expect(await kubectlOutput(['-n', namespace, 'get', 'pods', '-o', 'name'])).toBe('');
  });
});

function creationOf(name: string, namespace: string): ApiRequest {
  const body: unknown = JSON.parse(manifests.object('Pod/NAME').replace('NAME', name));
  return { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body };
}

interface TimedAnswer extends ApiAnswer {
  /** Since the burst began. */
  readonly milliseconds: number;
}

interface Burst {
  readonly answers: readonly TimedAnswer[];
  /** So many were sent and not yet answered at the same moment. */
  readonly most: number;
}

function figures(name: string, { answers, most }: Burst): string {
  const times = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const at = (share: number): string => `${Math.round(times[Math.ceil(times.length * share) - 1] ?? 0)} ms`;
  const byCode = [...Map.groupBy(answers, ({ code }) => code)];
  const counts = byCode.map(([code, { length }]) => `${length} × ${code}`).join(', ');
  return `${name} burst: ${most} in flight, answered ${counts}; median ${at(0.5)}, 99 % ${at(0.99)}, last ${at(1)}`;
}
