import { describe, expect, test } from 'vitest';
import { decisionId } from '../../../src/core/admission/decision-id.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import { answer, podWith, reviewOf } from '../../admission-requests.ts';

const review = reviewOf(podWith()) as { request: Record<string, unknown> };

describe('an envelope that no API server sends', () => {
  test.each([
    ['a text', 'review', 'the body must be an object'],
    ['null', null, 'the body is missing'],
    ['a list', [], 'the body must be an object'],
    [
      'another version',
      { ...review, apiVersion: 'admission.k8s.io/v1beta1' },
      'apiVersion must be admission.k8s.io/v1',
    ],
    ['another kind', { ...review, kind: 'Pod' }, 'kind must be AdmissionReview'],
    ['no request', { ...review, request: undefined }, 'request is missing'],
    ['no uid', { ...review, request: { ...review.request, uid: '' } }, 'request.uid is missing'],
    ['a number as uid', { ...review, request: { ...review.request, uid: 5 } }, 'request.uid must be a string'],
    [
      'an unknown operation',
      { ...review, request: { ...review.request, operation: 'PATCH' } },
      'request.operation must be one of',
    ],
    ['no resource', { ...review, request: { ...review.request, resource: null } }, 'request.resource is missing'],
    [
      'a namespace that is no text',
      { ...review, request: { ...review.request, namespace: {} } },
      'request.namespace must be a string',
    ],
    [
      'a dry run that is no truth value',
      { ...review, request: { ...review.request, dryRun: 'yes' } },
      'request.dryRun must be true or false',
    ],
    [
      'a request only in its prototype',
      JSON.parse('{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","__proto__":{"request":{}}}'),
      'request is missing',
    ],
  ])('%s is refused with the field', (_what, document, problem) => {
    expect(() => parseAdmissionReview(document)).toThrow(`not an AdmissionReview: ${problem}`);
  });
});

describe('a request that brings no pod', () => {
  test.each(['DELETE', 'CONNECT'])('%s passes', async (operation) => {
    const { response } = await answer(reviewOf(null, { operation, oldObject: podWith({ hostPID: true }) }));
    expect(response).toEqual({ uid: review.request['uid'], allowed: true });
  });

  test('a kind without pods passes', async () => {
    const service = { ...review.request, resource: { group: '', version: 'v1', resource: 'services' } };
    expect((await answer({ ...review, request: service })).response.allowed).toBe(true);
  });
});

test('the uid is echoed, a dry run gets the same verdict, a name may not be drawn yet', async () => {
  const bad = podWith({ hostPID: true }, { name: undefined, generateName: 'web-' });
  const wet = await answer(reviewOf(bad));
  const dry = reviewOf(bad) as { request: object };
  expect((await answer({ ...dry, request: { ...dry.request, dryRun: true } })).response).toEqual(wet.response);
  expect(wet.response.uid).toBe(review.request['uid']);
  expect(wet.response.status?.message).toMatch(/^Pod shop\/web-\*: /);
});

test('ids of decisions are 64 bits and differ where uids do', () => {
  const ids = new Set(Array.from({ length: 20_000 }, (_, index) => decisionId(`3b1c9c62-5d0e-4b57-9ad8-${index}`)));
  expect(ids.size).toBe(20_000);
  expect([...ids].every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
});
