import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { byteLength } from '../../../src/core/render/escape.ts';
import { answer, containerWith, type Json, podWith, policyOf, reviewOf } from '../../admission-requests.ts';

const bad = reviewOf(podWith({ hostPID: true }));
const saying = (message: Json, name = 'production', mode = 'Enforce') =>
  policyOf({ mode, podSecurity: { level: 'baseline' }, message }, name);
const lines = async (
  policies: readonly ReturnType<typeof policyOf>[],
  locale: 'en' | 'ja' | 'both' = 'en',
  review = bad,
) => (await answer(review, { policies, locale })).response.status?.message.split('\n') ?? [];

describe("a policy's message", () => {
  const message = { en: 'Questions: #platform', ja: '質問は #platform へ' };

  test('stands before the last line of a denial, in its language', async () => {
    expect((await lines([saying(message)])).at(-2)).toBe('Questions: #platform');
    expect((await lines([saying(message)], 'ja')).at(-2)).toBe('質問は #platform へ');
    expect((await lines([saying(message)], 'both')).slice(-3, -1)).toEqual([message.en, message.ja]);
    expect((await lines([saying({ ja: message.ja })])).at(-2)).toBe(message.ja);
    expect((await lines([saying({ en: message.en })], 'both')).filter((line) => line === message.en)).toHaveLength(1);
  });

  test('of several policies stands once each, and of those that deny only', async () => {
    const policies = [
      saying({ en: 'from a' }, 'a'),
      saying({ en: 'from b' }, 'b'),
      saying({ en: 'from a' }, 'c'),
      saying({ en: 'from d' }, 'd', 'Warn'),
    ];
    expect((await lines(policies)).slice(-3, -1)).toEqual(['from a', 'from b']);
  });

  test('is no part of a warning or an admission', async () => {
    const { response } = await answer(bad, { policies: [saying(message)], ceiling: 'Warn' });
    expect(JSON.stringify(response)).not.toContain('Questions');
  });

  test('is escaped, and cut before it could push out the findings', async () => {
    const control = await lines([saying({ en: 'a\u001b[31mb\u202ec' })]);
    expect(control.at(-2)).toBe('a\\u001b[31mb\\u202ec');
    const long = Array.from({ length: 40 }, (_, i) =>
      saying({ en: `${i}${'長'.repeat(250)}`, ja: `j${i}${'長'.repeat(250)}` }, `p${i}`),
    );
    const containers = Array.from({ length: 60 }, (_, i) =>
      containerWith({ securityContext: { privileged: true } }, `container-${i}`),
    );
    for (const locale of ['en', 'ja', 'both'] as const) {
      const text = await lines(long, locale, reviewOf(podWith({ containers })));
      expect(byteLength(text.join('\n'))).toBeLessThanOrEqual(4096);
      expect(text.filter((line) => line.startsWith('  ✗ ')).length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['of two lines', { en: 'a\nb' }, 'spec.message.en: must be one line of text'],
    ['of nothing', { ja: ' ' }, 'spec.message.ja: must be one line of text'],
    ['that is too long', { en: 'a'.repeat(257) }, 'spec.message.en: '],
    ['in a language that nobody speaks here', { fr: 'non' }, 'spec.message.fr: is not a known field'],
  ])('%s is refused', (_what, text, problem) => {
    const spec = { podSecurity: { level: 'baseline' }, message: text };
    const document = { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'production' }, spec };
    const parsed = parsePodPolicy(document);
    const issues = 'issues' in parsed ? parsed.issues : [];
    expect(issues.map(({ path, message: words }) => `${formatFieldPath(path)}: ${words}`).join()).toContain(problem);
  });
});

describe('language both', () => {
  const review = reviewOf(podWith({ hostPID: true, hostIPC: true }));

  test('says heading and findings in English, then in Japanese, and the patch once', async () => {
    const both = await lines([saying({})], 'both', review);
    const [en, ja] = [await lines([saying({})], 'en', review), await lines([saying({})], 'ja', review)];
    expect(both).toEqual([...en.slice(0, 3), ...ja.slice(0, 3), ...en.slice(3)]);
  });

  test('warns in English, then in Japanese, within the limits of the API server', async () => {
    const under = { policies: [saying({}, 'production', 'Warn')] };
    const warnings = async (object: unknown, locale: 'en' | 'ja' | 'both') =>
      (await answer(object, { ...under, locale })).response.warnings ?? [];
    expect(await warnings(review, 'both')).toEqual([
      ...(await warnings(review, 'en')),
      ...(await warnings(review, 'ja')),
    ]);
    const containers = Array.from({ length: 60 }, (_, i) =>
      containerWith({ securityContext: { privileged: true } }, `c${i}`),
    );
    const many = await warnings(reviewOf(podWith({ containers })), 'both');
    expect(many.reduce((sum, line) => sum + line.length, 0)).toBeLessThanOrEqual(4096);
    expect(many.filter((line) => line.includes('more findings') || line.includes('他 '))).toHaveLength(2);
  });

  test('gives programs English', async () => {
    const { response } = await answer(review, { policies: [saying({})], locale: 'both' });
    expect(response.status?.details?.causes.map(({ message }) => message)).toContain('is true, must be unset or false');
  });
});
