import { describe, expect, test } from 'vitest';
import {
  type AdmissionResponse,
  formatAdmissionReview,
  malformedResponse,
} from '../../../src/core/admission/response.ts';
import { failureResponse } from '../../../src/io/server/failure.ts';
import { answer, containerWith, podWith, reviewOf } from '../../admission-requests.ts';

const sent = (response: AdmissionResponse): unknown => JSON.parse(formatAdmissionReview(response)).response;

/** The character that stands for a cross in the text of a denial. */
const del = '\x7f';

describe('what the sender wrote comes back as it was, whatever it means to us', () => {
  test.each([
    ['of no review', malformedResponse(`u${del}id`, `not JSON: has "${del}" where a value must stand`)],
    ['of a review that could not be judged', failureResponse(`u${del}id`, 'Enforce', { code: 500, message: del })],
    ['that allows', { uid: `u${del}id`, allowed: true }],
  ])('in the answer %s', (_what, response) => {
    expect(sent(response)).toEqual(response);
  });
});

test('a denial has one cross for each violation, and none that the names in it brought along', async () => {
  const container = containerWith({ image: `nginx${del}`, securityContext: { privileged: true } }, `a${del}`);
  const pod = podWith({ hostPID: true, volumes: [{ name: del, [del]: { path: del } }], containers: [container] });
  const hostile = { ...pod, metadata: { name: `web${del}`, annotations: { [del]: del } } };
  const { response, groups } = await answer(reviewOf(hostile, { namespace: `shop${del}` }));
  expect(response.status?.message).toContain('Pod shop\\u007f/web\\u007f: ');
  expect(JSON.stringify(response).split('✗')).toHaveLength(groups.length + 1);
  expect(JSON.stringify(response)).not.toContain(del);
});
