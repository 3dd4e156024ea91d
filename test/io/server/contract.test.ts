import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPolicySet, type PolicySet } from '../../../src/core/policy/policy-set.ts';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { builtin, reviewOf } from '../../admission-requests.ts';
import { type Post, send, startWebhook, verdictOf } from './running-webhook.ts';

const good = JSON.stringify(reviewOf(minimalPod));
const bad = JSON.stringify(reviewOf({ ...minimalPod, spec: { ...minimalPod.spec, hostNetwork: true } }));

let webhook: Awaited<ReturnType<typeof startWebhook>>;
beforeAll(async () => {
  webhook = await startWebhook();
});
afterAll(() => webhook.close());

const post = (what: Post) => send(webhook.port, what);

describe('a review', () => {
  test('of a compliant pod is answered with HTTP 200, its uid and nothing to complain about', async () => {
    const answer = await post({ body: good });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
    expect(JSON.parse(answer.text)).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(verdictOf(answer)).toMatchObject({ uid: reviewUid(good), allowed: true });
  });

  test('of a violating pod is denied with HTTP 200 and code 403', async () => {
    const answer = await post({ body: bad });
    expect(answer.status).toBe(200);
    expect(verdictOf(answer)).toMatchObject({ allowed: false, status: { code: 403, reason: 'Forbidden' } });
  });

  test.each(['/validate', '/validate?timeout=10s', '/validate?', '/validate?a=b&__proto__=1'])(
    'is answered at %s',
    async (path) => expect((await post({ body: good, path })).status).toBe(200),
  );

  test.each(['application/json', 'application/json; charset=utf-8', 'application/json;charset="utf-8"'])(
    'is read as %s',
    async (type) => expect((await post({ body: good, type })).status).toBe(200),
  );

  test('whose pod is malformed is denied with HTTP 200', async () => {
    const answer = await post({ body: JSON.stringify(reviewOf({ spec: { containers: 'none' } })) });
    expect(answer.status).toBe(200);
    expect(verdictOf(answer).allowed).toBe(false);
  });

  test('with __proto__ and constructor keys gets an ordinary verdict', async () => {
    const body = good.replace(
      '"spec":{',
      '"__proto__":{"a":1},"constructor":{"prototype":{}},"spec":{"__proto__":null,',
    );
    expect(JSON.parse(body)).not.toEqual(JSON.parse(good));
    expect(verdictOf(await post({ body })).allowed).toBe(true);
  });

  test.each([
    ['lists', '['.repeat(60_000) + ']'.repeat(60_000)],
    ['objects', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ])('of 120 KB that is nothing but nested %s gets a verdict, wherever they stand', async (_what, nest) => {
    for (const place of ['"spec":{', '"containers":[{', '"metadata":{']) {
      const body = good.replace(place, `${place}"deep":${nest},`);
      const answer = await post({ body });
      expect(answer.status).toBe(200);
      expect(verdictOf(answer).uid).toBe(reviewUid(good));
      const updated = JSON.stringify(JSON.parse(good)).replace('"oldObject":null', `"oldObject":${nest}`);
      expect((await post({ body: updated.replace('"CREATE"', '"UPDATE"') })).status).toBe(200);
    }
  });
});

describe('who is not an API server', () => {
  test.each([
    ['not JSON', 'nonsense', /not JSON/],
    ['an empty body', '', /not JSON/],
    ['truncated JSON', good.slice(0, 300), /not JSON/],
    ['null', 'null', /the body is missing/],
    ['a list', '[]', /must be an object/],
    ['another version', good.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'), /apiVersion must be/],
    ['another kind', good.replace('"AdmissionReview"', '"Pod"'), /kind must be/],
    ['no request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', /request is missing/],
    ['no uid', good.replace('"uid"', '"uuid"'), /request.uid is missing/],
    ['a number as namespace', good.replace('"namespace":"shop"', '"namespace":7'), /request.namespace must be/],
    ['a byte order mark', `\ufeff${good}`, /not JSON/],
  ])('gets HTTP 400 for %s, saying what is wrong', async (_what, body, message) => {
    const answer = await post({ body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).message).toMatch(message);
    expect(answer.text).not.toMatch(/\bat .*\.[jt]s:|nonsense/);
  });

  test.each([
    null,
    'text/plain',
    'application/jsonx',
    'application/json-patch+json',
    'application/vnd.kubernetes.protobuf',
    'application/json\t; foo=bar',
    'application/json; charset=utf-16',
    'application/json,text/plain',
    ' application /json',
    'application/x-www-form-urlencoded',
    '*/*',
    'application/json;',
    'multipart/form-data; boundary=x',
  ])('gets HTTP 415 for content type %j', async (type) => {
    const answer = await post({ body: good, type });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.text).statusCode).toBe(415);
  });

  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'])(
    'gets HTTP 405 for %s',
    async (method) => expect((await post({ method })).status).toBe(405),
  );

  test.each([
    '/',
    '/validate/',
    '/Validate',
    '//validate',
    '/validate/../validate',
    '/../../etc/passwd',
    '/validate%2f..%2f..%2fetc/passwd',
    '/metrics',
    '/livez',
    '/validate;x=y',
    `/${'a'.repeat(8_000)}`,
    '/__proto__',
  ])('gets HTTP 404 at %s', async (path) => {
    const answer = await post({ body: good, path });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain(path.slice(0, 20) === '/' ? '\0' : 'passwd');
  });

  test('gets HTTP 400 for a path that is none', async () => {
    expect((await post({ body: good, path: '/%zz' })).status).toBe(400);
  });
});

describe('a request that cannot be judged', () => {
  const failing: PolicySet = {
    ...createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: 'Enforce' }),
    rulesFor() {
      throw new TypeError('secret detail');
    },
  };

  test('is denied with code 500 inside HTTP 200, and the log has the reason', async () => {
    await using broken = await startWebhook({ policies: failing });
    const answer = await send(broken.port, { body: good });
    expect(answer.status).toBe(200);
    expect(verdictOf(answer)).toMatchObject({ uid: reviewUid(good), allowed: false, status: { code: 500 } });
    expect(answer.text).not.toContain('secret detail');
    expect(broken.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'not judged',
        error: expect.objectContaining({ message: 'secret detail' }),
      }),
    );
    expect(await broken.metrics.registry.metrics()).toMatch(/requests_total\{.*decision="error".*\} 1/);
  });

  test('is allowed under a ceiling below Enforce, and the audit log is told', async () => {
    await using broken = await startWebhook({ policies: { ...failing, ceiling: 'Audit' } });
    const verdict = verdictOf(await send(broken.port, { body: good }));
    expect(verdict).toMatchObject({ allowed: true, auditAnnotations: { error: expect.stringContaining('could not') } });
    expect(verdict.warnings).toHaveLength(1);
  });
});

function reviewUid(body: string): string {
  return JSON.parse(body).request.uid;
}
