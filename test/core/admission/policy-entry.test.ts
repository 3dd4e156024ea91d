import { describe, expect, test } from 'vitest';
import { answerRequest } from '../../../src/core/admission/answer.ts';
import { formatAdmissionReview } from '../../../src/core/admission/response.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import type { Answer } from '../../../src/core/admission/verdict.ts';
import type { Language } from '../../../src/core/locale.ts';
import { parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { offline } from '../../../src/io/offline.ts';
import { type Json, policyOf } from '../../admission-requests.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const day = 86_400_000;

function objectOf(kind: string, spec: unknown, name = 'legacy'): Json {
  return { apiVersion: 'sekisho.dev/v1alpha1', kind, metadata: { name, uid: 'u', resourceVersion: '7' }, spec };
}

const digest = `ghcr.io/acme/agent@sha256:${'0'.repeat(64)}`;
const excuse = (spec: Json = {}): Json => ({
  policies: [{ name: 'production', rules: ['hostPathVolumes'] }],
  match: { images: [digest] },
  reason: 'vendor fix promised for Q1',
  expiresAt: '2027-01-31T00:00:00Z',
  ...spec,
});

function reviewOf(kind: string, object: unknown, request: Json = {}): Json {
  const group = 'sekisho.dev';
  const resource = kind === 'PodPolicy' ? 'podpolicies' : 'podpolicyexceptions';
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4',
      kind: { group, version: 'v1alpha1', kind },
      resource: { group, version: 'v1alpha1', resource },
      name: 'legacy',
      operation: 'CREATE',
      userInfo: { username: 'admin', groups: ['system:masters'] },
      object,
      oldObject: null,
      ...request,
    },
  };
}

async function ask(review: Json, locale: Language = 'en'): Promise<Answer> {
  const context = {
    policies: createPolicySet({ policies: [policyOf({}), policyOf({}, 'pod-security')], ceiling: 'Audit' }),
    ...offline,
    now: () => now,
    locale,
    maxExceptionDuration: 90 * day,
    isTaken: (kind: string, name: string) => kind === 'PodPolicy' && name === 'pod-security',
  };
  const { response, ...rest } = await answerRequest(parseAdmissionReview(review), context);
  return { ...rest, response: JSON.parse(formatAdmissionReview(response)).response };
}

const askFor = (kind: string, spec: unknown, request: Json = {}): Promise<Answer> =>
  ask(reviewOf(kind, objectOf(kind, spec), request));

describe('a policy that is stored', () => {
  test('passes without a word where it is right, whatever the ceiling', async () => {
    expect(await askFor('PodPolicy', { podSecurity: { level: 'restricted' } })).toEqual({
      response: { uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4', allowed: true },
      findings: [],
      groups: [],
    });
  });

  test('is refused as the API server refuses an invalid object, every mistake with its field', async () => {
    const { response, mistakes, findings } = await askFor('PodPolicy', {
      mode: 'Deny',
      podSecurity: { level: 'strict', rules: { hostPort: {} } },
    });
    const causes = response.status?.details?.causes ?? [];
    expect(response).toMatchObject({
      allowed: false,
      status: { code: 422, reason: 'Invalid', details: { name: 'legacy', group: 'sekisho.dev', kind: 'PodPolicy' } },
    });
    expect(causes.map(({ field }) => field)).toEqual([
      'spec.mode',
      'spec.podSecurity.level',
      'spec.podSecurity.rules.hostPort',
    ]);
    expect(causes.every(({ reason }) => reason === 'FieldValueInvalid')).toBe(true);
    expect(response.status?.message).toMatch(
      /^PodPolicy legacy is invalid: spec\.mode: .+; spec\.podSecurity\.level: /,
    );
    expect([mistakes, findings]).toEqual([causes, []]);
  });

  test('is told in the words that files are told', async () => {
    const object = objectOf('PodPolicy', { mode: 'Deny', match: { namespaces: { include: ['A'] } }, more: 1 });
    const { response } = await ask(reviewOf('PodPolicy', object));
    const parsed = parsePodPolicy(object);
    const issues = 'issues' in parsed ? parsed.issues : [];
    expect(issues.length).toBeGreaterThan(2);
    expect(response.status?.details?.causes.map(({ message }) => message)).toEqual(
      issues.map(({ message }) => message),
    );
  });

  test('is warned of where a file or a built-in policy has its name', async () => {
    const object = objectOf('PodPolicy', {}, 'pod-security');
    const { response } = await ask(reviewOf('PodPolicy', object, { name: 'pod-security' }), 'both');
    expect(response.warnings).toEqual([
      'a file, or a built-in policy, has the name pod-security already: this object has no effect until it has another name',
      expect.stringContaining('同じ名前 pod-security'),
    ]);
    expect((await askFor('PodPolicy', {})).response.warnings).toBeUndefined();
  });
});

describe('an exception that is stored', () => {
  test('passes without a word where it is right and bound to images by digest', async () => {
    const { response } = await askFor('PodPolicyException', excuse());
    expect(response).toEqual({ uid: '3b1c9c62-5d0e-4b57-9ad8-8ef1c1d2f3a4', allowed: true });
  });

  test('is refused where its parser refuses it', async () => {
    const { reason: _, ...withoutReason } = excuse();
    const { response } = await askFor('PodPolicyException', withoutReason);
    expect(response.status?.details).toMatchObject({
      kind: 'PodPolicyException',
      causes: [{ field: 'spec.reason' }],
    });
  });

  test('is refused to the second where it lasts longer than the settings allow, with the field named', async () => {
    const latest = '2027-02-20T12:00:00Z';
    expect((await askFor('PodPolicyException', excuse({ expiresAt: latest }))).response.allowed).toBe(true);
    const { response } = await askFor('PodPolicyException', excuse({ expiresAt: '2027-02-20T12:00:01Z' }));
    expect(response.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: {
        causes: [
          {
            field: 'spec.expiresAt',
            message: 'must not be further away than 2160h, which is exceptions.maxDuration of the settings',
          },
        ],
      },
    });
  });

  test('is refused for its length also where its names are unknown: they may come', async () => {
    const spec = excuse({ policies: [{ name: 'nobody', rules: ['nothing'] }], expiresAt: '2028-01-01T00:00:00Z' });
    expect((await askFor('PodPolicyException', spec)).response.allowed).toBe(false);
  });

  test.each([
    ['unknown policies', { policies: [{ name: 'nobody', rules: ['hostPorts'] }] }, 'there is no policy nobody'],
    ['unknown rules', { policies: [{ name: 'production', rules: ['hostPort'] }] }, 'there is no rule hostPort'],
    ['an end that is over', { expiresAt: '2026-11-22T12:00:00Z' }, 'spec.expiresAt is over'],
    [
      'images without a digest',
      { match: { images: ['ghcr.io/acme/agent:1'] } },
      'does not bind the exception to images',
    ],
    ['no images', { match: {} }, 'does not bind the exception to images'],
  ])('is warned of: %s', async (_, spec, words) => {
    const { response } = await askFor('PodPolicyException', excuse(spec));
    expect([response.allowed, response.warnings]).toEqual([true, [expect.stringContaining(words)]]);
  });
});

describe('what is not checked', () => {
  const wrong = objectOf('PodPolicy', { mode: 'Deny' });

  test('status, deletion, and kinds of ours that this version does not know', async () => {
    const resource = { group: 'sekisho.dev', version: 'v1alpha1', resource: 'imagetrusts' };
    for (const request of [
      { subResource: 'status', operation: 'UPDATE' },
      { operation: 'DELETE', object: null, oldObject: wrong },
      { resource },
    ]) {
      expect((await ask(reviewOf('PodPolicy', wrong, request))).response.allowed).toBe(true);
    }
  });

  test('an update that leaves a wrong spec as it is: its finalizer can go', async () => {
    const update = { operation: 'UPDATE', oldObject: { ...wrong, metadata: { name: 'legacy', finalizers: ['a/b'] } } };
    expect((await ask(reviewOf('PodPolicy', wrong, update))).response.allowed).toBe(true);
  });

  test('but an update that changes it is', async () => {
    const update = { operation: 'UPDATE', oldObject: objectOf('PodPolicy', { mode: 'Warn' }) };
    expect((await ask(reviewOf('PodPolicy', wrong, update))).response.allowed).toBe(false);
  });

  test('a dry run gets the same verdict', async () => {
    expect((await ask(reviewOf('PodPolicy', wrong, { dryRun: true }))).response.allowed).toBe(false);
  });
});

describe('hostile policies', () => {
  test.each([
    ['nothing', null],
    ['a number', 7],
    ['a list', []],
    ['no spec', { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'a' } }],
    ['another kind', objectOf('PodPolicyException', excuse())],
    ['__proto__', JSON.parse('{"__proto__": {"kind": "PodPolicy"}}')],
    ['an unknown __proto__', objectOf('PodPolicy', JSON.parse('{"__proto__": {"mode": "Audit"}}'))],
  ])('%s is refused, not thrown', async (_, object) => {
    expect((await ask(reviewOf('PodPolicy', object))).response).toMatchObject({
      allowed: false,
      status: { code: 422 },
    });
  });

  test('a spec that is nested deeper than any walk', async () => {
    const deep = (): Json => {
      let value: Json = {};
      for (let i = 0; i < 50_000; i++) value = { mode: value };
      return value;
    };
    const request = { operation: 'UPDATE', oldObject: objectOf('PodPolicy', deep()) };
    expect((await ask(reviewOf('PodPolicy', objectOf('PodPolicy', deep()), request))).response.allowed).toBe(false);
  });

  test('ten thousand unknown fields and a name full of escapes make an answer that is small', async () => {
    const spec = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`\u001b[2J${i}${'x'.repeat(300)}`, 1]));
    const { response } = await ask(
      reviewOf('PodPolicy', objectOf('PodPolicy', spec), { name: `\u202e${'n'.repeat(9_000)}` }),
    );
    const causes = response.status?.details?.causes ?? [];
    expect(causes).toHaveLength(101);
    expect(causes.at(-1)).toMatchObject({ message: '… and 9900 more mistakes' });
    expect([response.status?.message, ...causes.map(({ field }) => field)].join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.stringify(response).length).toBeLessThan(60_000);
  });
});
