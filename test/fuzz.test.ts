import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPolicySet } from '../src/core/policy/policy-set.ts';
import { groupNames, ruleGroups } from '../src/core/rules/groups.ts';
import { createLogger } from '../src/io/log.ts';
import { createMetrics } from '../src/io/metrics.ts';
import { offline } from '../src/io/offline.ts';
import { createInFlight } from '../src/io/server/in-flight.ts';
import { standardLimits } from '../src/io/server/limits.ts';
import { type AdmissionServer, createAdmissionServer } from '../src/io/server/server.ts';
import { issueAuthority, issueLeaf } from '../src/io/tls/issue.ts';
import { builtin, type Json, policyOf } from './admission-requests.ts';
import { brokenReview, forbiddenReview } from './hostile-reviews.ts';
import { daysFrom } from './lifetimes.ts';

/* One seed, so that a red run is red again; FUZZ_SEED and FUZZ_RUNS look elsewhere. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const scale = Number(process.env['FUZZ_RUNS'] ?? 50_000) / 50_000;

const headers = { 'content-type': 'application/json' };
/** Every rule that a policy switches on by its name, as its own examples do. */
const everyRule = policyOf(
  Object.fromEntries(
    groupNames.map((group) => {
      const entries = ruleGroups[group].map(({ id, examples }) => [id, examples.settings ?? {}]);
      return [group, { workloads: 'Enforce', ...Object.fromEntries(entries) }];
    }),
  ),
);

let server: AdmissionServer;
let ca: string;
let errors = 0;

beforeAll(async () => {
  const lifetime = daysFrom(new Date());
  const authority = await issueAuthority(lifetime);
  ca = authority.cert;
  const inFlight = createInFlight(standardLimits);
  const log = createLogger('error', { write: () => void errors++ });
  server = createAdmissionServer({
    pair: await issueLeaf(authority, { dns: ['localhost'], ip: ['127.0.0.1'] }, lifetime),
    answers: {
      policies: createPolicySet({ policies: [builtin('builtin:restricted'), everyRule], ceiling: 'Enforce' }),
      ...offline,
      locale: 'en',
    },
    limits: standardLimits,
    inFlight,
    log,
    metrics: createMetrics({ version: 'test', inflight: () => inFlight.requests }),
  });
  await server.app.ready();
});

afterAll(async () => {
  await server.close();
});

async function inject(payload: string | Buffer): Promise<{ status: number; body: Json }> {
  const answer = await server.app.inject({ method: 'POST', url: '/validate?timeout=10s', headers, payload });
  return { status: answer.statusCode, body: answer.json<Json>() };
}

/** What every answer to a review must be, and whether it allows. */
function verdictOf({ status, body }: { status: number; body: Json }, uid: unknown): boolean {
  expect(status).toBe(200);
  const response = body['response'] as { uid: string; allowed: boolean; status?: { message: string; code: number } };
  expect(response.uid).toBe(uid);
  if (!response.allowed) expect(response.status?.message).not.toMatch(/[\p{Cs}]|[\p{Cc}--\n]/v);
  // A rule that throws is a finding, in Audit only of the log: it would not be seen above.
  expect(JSON.stringify(response)).not.toContain('the rule failed');
  return response.allowed;
}

describe('50,000 hostile reviews through the route', () => {
  const parameters = (runs: number): fc.Parameters<unknown> => ({
    seed,
    numRuns: Math.ceil(runs * scale),
    endOnFailure: true,
  });

  test('a forbidden part is denied whatever the rest of the object has become', async () => {
    await fc.assert(
      fc.asyncProperty(forbiddenReview, async (review) => {
        const uid = (review['request'] as Json)['uid'];
        expect(verdictOf(await inject(JSON.stringify(review)), uid)).toBe(false);
      }),
      parameters(30_000),
    );
  }, 240_000);

  test('an envelope of which anything was changed gets a verdict or HTTP 400, never HTTP 500', async () => {
    await fc.assert(
      fc.asyncProperty(brokenReview, async (review) => {
        const { status, body } = await inject(JSON.stringify(review) ?? 'null');
        expect([200, 400]).toContain(status);
        if (status === 400) expect(String(body['message'])).toMatch(/^not an AdmissionReview: /);
      }),
      parameters(12_000),
    );
  }, 240_000);

  test('bytes changed at random get a verdict or HTTP 400, never HTTP 500', async () => {
    const change = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ maxLength: 3 }), keep: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(forbiddenReview, fc.array(change, { minLength: 1, maxLength: 3 }), async (review, changes) => {
        let body = Buffer.from(JSON.stringify(review));
        for (const { at, bytes, keep } of changes) {
          const place = at % body.length;
          body = Buffer.concat([
            body.subarray(0, place),
            bytes,
            keep ? body.subarray(place) : body.subarray(place + bytes.length),
          ]);
        }
        expect([200, 400]).toContain((await inject(body)).status);
      }),
      parameters(8_000),
    );
  }, 240_000);

  test('nothing of that was an error of ours', () => {
    expect(errors).toBe(0);
  });
});

test('2,000 hostile reviews over TLS are answered, and the server is as healthy as before', async () => {
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.app.server.address() as AddressInfo;
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 8 });
  const post = async (payload: string): Promise<{ status: number; body: Json }> => {
    const call = request({ host: '127.0.0.1', port, path: '/validate?timeout=10s', method: 'POST', agent, headers });
    call.end(payload);
    const [answer] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    const chunks = await answer.toArray();
    return { status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as Json };
  };
  const reviews = fc.sample(forbiddenReview, { seed, numRuns: Math.ceil(2_000 * scale) });
  for (let i = 0; i < reviews.length; i += 20) {
    const batch = reviews.slice(i, i + 20);
    const verdicts = await Promise.all(
      batch.map(async (review) => verdictOf(await post(JSON.stringify(review)), (review['request'] as Json)['uid'])),
    );
    expect(verdicts.every((allowed) => !allowed)).toBe(true);
  }
  agent.destroy();
  expect(errors).toBe(0);
}, 240_000);
