import { describe, expect, test } from 'vitest';
import { answerRequest } from '../../../src/core/admission/answer.ts';
import type { AdmissionResponse } from '../../../src/core/admission/response.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { offline } from '../../../src/io/offline.ts';
import { exceptionOf, type Json, policyOf, reviewOf } from '../../admission-requests.ts';

/*
 * Any pod that reaches the webhook may send thirty megabytes of what it likes. Where a text were held against a pattern
 * in more than one look through it, these would take minutes to days, in the one thread that answers everybody.
 */

const million = 1_000_000;

/** Each of the million beginnings is compared for the whole length of the pattern. */
const slowest = (longest: number): string => `*${'a'.repeat(longest - 2)}b`;
const endless = 'a'.repeat(8 * million);

const set = createPolicySet({
  policies: [
    policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } }, 'production'),
    ...Array.from({ length: 20 }, (_, index) =>
      policyOf(
        {
          mode: 'Enforce',
          match: { namespaces: { include: Array.from({ length: 20 }, () => slowest(63)) } },
          podSecurity: { level: 'restricted', labelGuard: {} },
        },
        `team-${index}`,
      ),
    ),
  ],
  exceptions: [
    exceptionOf({
      policies: [{ name: 'production', rules: ['runAsNonRoot', 'privileged', 'hostPorts'] }],
      match: { names: Array.from({ length: 64 }, () => slowest(253)) },
    }),
    exceptionOf(
      {
        policies: [{ name: 'production', rules: ['privileged'] }],
        match: { namespaces: { include: Array.from({ length: 100 }, () => slowest(63)) } },
      },
      'elsewhere',
    ),
  ],
  ceiling: 'Enforce',
});

async function ask(review: Json): Promise<AdmissionResponse> {
  const request = parseAdmissionReview(review);
  return (await answerRequest(request, { ...offline, policies: set, locale: 'en' })).response;
}

function ownReview(kind: string, spec: unknown): Json {
  const group = 'sekisho.dev';
  const names = { group, version: 'v1alpha1' };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { ...names, kind },
      resource: { ...names, resource: kind === 'PodPolicy' ? 'podpolicies' : 'podpolicyexceptions' },
      name: 'long',
      operation: 'CREATE',
      object: { apiVersion: 'sekisho.dev/v1alpha1', kind, metadata: { name: 'long' }, spec },
    },
  };
}

function exceptionReview(spec: Json): Json {
  const policies = [{ name: 'p', rules: ['r'] }];
  const valid = { policies, match: {}, reason: 'r', expiresAt: '2027-01-31T00:00:00Z' };
  return ownReview('PodPolicyException', { ...valid, ...spec });
}

const privileged = (name: string): Json => ({
  metadata: { name },
  spec: { containers: [{ name: 'web', image: 'nginx', securityContext: { privileged: true } }] },
});

describe('a text that no API server would send', () => {
  const longLine = `${endless}\n`;
  test.each([
    ['the message of a policy', ownReview('PodPolicy', { message: { en: longLine } }), 'spec.message.en'],
    ['the reason of an exception', exceptionReview({ reason: longLine }), 'spec.reason'],
    ['the ticket of an exception', exceptionReview({ ticket: longLine }), 'spec.ticket'],
  ])('is refused at once as %s', async (_, review, field) => {
    const { allowed, status } = await ask(review);
    expect([allowed, status?.details?.causes[0]?.field]).toEqual([false, field]);
  });

  test('excuses nothing as the name of a pod, whatever an exception’s patterns are', async () => {
    const { allowed, auditAnnotations } = await ask(reviewOf(privileged(endless)));
    expect([allowed, auditAnnotations?.['exempt']]).toEqual([false, undefined]);
  });

  test('is judged as the namespace of a pod', async () => {
    expect((await ask(reviewOf(privileged('web'), { namespace: endless }))).allowed).toBe(false);
  });

  test('is answered as the name of a namespace that changes its labels', async () => {
    const review = reviewOf(
      { metadata: { name: endless, labels: { team: 'a' } } },
      { custom: { group: '', kind: 'Namespace', resource: 'namespaces' }, oldObject: { metadata: { name: endless } } },
    );
    expect((await ask(review)).allowed).toBe(true);
  });
});

describe('more values than any policy has', () => {
  test('are one mistake, not one for each', async () => {
    const labels = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`/${index}`, '!']));
    const { status } = await ask(ownReview('PodPolicy', { match: { namespaceSelector: { matchLabels: labels } } }));
    expect(status?.details?.causes).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec', message: 'has too many values' },
    ]);
  });

  test('are not counted of metadata, which may hold what it likes', async () => {
    const review = ownReview('PodPolicy', {});
    const { object } = review['request'] as { object: Json };
    object['metadata'] = { name: 'long', managedFields: Array.from({ length: 60_000 }, () => ({})) };
    expect((await ask(review)).allowed).toBe(true);
  });
});
