import { describe, expect, test } from 'vitest';
import { type AnswerContext, answerRequest, canaryWarning } from '../../../src/core/admission/answer.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { offline } from '../../../src/io/offline.ts';
import { builtin, reviewOf } from '../../admission-requests.ts';

const bad = { ...minimalPod, spec: { ...minimalPod.spec, hostPID: true } };

function answer(object: object, options: { namespace: string; subResource?: string }, mode: 'Audit' | 'Enforce') {
  const policies = createPolicySet({ policies: [builtin('builtin:restricted')], ceiling: mode });
  const context: AnswerContext = { policies, ...offline, locale: 'en', canaryNamespace: 'sekisho-canary' };
  const request = parseAdmissionReview(reviewOf(object, options));
  const answered = answerRequest(request, context);
  if (answered instanceof Promise) throw new Error('nothing is fetched');
  return { ...answered.response, expected: `sekisho canary ${request.uid}` };
}

describe('in the namespace of the canaries', () => {
  test.each([
    ['what complies', minimalPod, {}, true],
    ['what violates', bad, {}, false],
    ['what is not judged', minimalPod, { subResource: 'status' }, true],
  ])('%s is answered with the warning that a canary listens for', (...[, object, options, allowed]) => {
    const response = answer(object, { namespace: 'sekisho-canary', ...options }, 'Enforce');
    expect(response).toMatchObject({ allowed, warnings: [response.expected] });
    expect(response.expected).toMatch(canaryWarning);
  });

  test('it comes under every ceiling', () => {
    const response = answer(bad, { namespace: 'sekisho-canary' }, 'Audit');
    expect(response).toMatchObject({ allowed: true, warnings: [response.expected] });
  });
});

test('nobody else is warned', () => {
  expect(answer(minimalPod, { namespace: 'shop' }, 'Enforce')).not.toHaveProperty('warnings');
  expect(answer(bad, { namespace: 'sekisho-canary-2' }, 'Audit')).not.toHaveProperty('warnings');
});
