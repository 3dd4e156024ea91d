import { describe, expect, test } from 'vitest';
import { answer, containerWith, type Json, podWith, policyOf, reviewOf, wrap } from '../../admission-requests.ts';

const limits = { requireLimits: { resources: ['memory', 'cpu'], suggest: { memory: '256Mi' } } };
const enforcing = (more: Json): Json => ({ mode: 'Enforce', resources: { workloads: 'Enforce', ...limits }, ...more });

interface Asked {
  readonly kind?: string;
  readonly locale?: 'en' | 'ja';
}

/** What stands under the violations of a denial. */
async function proposed(
  spec: Json,
  object: Json,
  { kind = 'Pod', locale = 'en' }: Asked = {},
): Promise<readonly string[]> {
  const { response } = await answer(reviewOf(object, { kind }), { policies: [policyOf(spec)], locale });
  const lines = response.status?.message.split('\n') ?? [];
  return lines.slice(lines.findLastIndex((line) => line.includes('✗')) + 1, -1);
}

describe('what only the author can decide', () => {
  const bare = podWith({ containers: [containerWith({ image: 'app:1' }, 'web')] });

  test('stands beside the changes, where it belongs, and is no part of them', async () => {
    expect(await proposed(enforcing({}), wrap('Deployment', bare), { kind: 'Deployment' })).toEqual([
      'These changes satisfy 1 of 2:',
      '  spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: "256Mi"}}}]}}}',
      'Yours to choose:',
      '  spec: {template: {spec: {containers: [{name: web, resources: {limits: {cpu: "<quantity>"}}}]}}}',
    ]);
  });

  test('stands alone where nothing can be proposed, in Japanese too', async () => {
    const spec = { mode: 'Enforce', practices: { requireLabels: { labels: ['team'] } } };
    expect(await proposed(spec, bare)).toEqual(['Yours to choose:', '  metadata: {labels: {team: "<value>"}}']);
    expect((await proposed(spec, bare, { locale: 'ja' }))[0]).toBe('ご自身で決める値:');
  });

  test('is not asked for where every violation has a change, nor where it is only that a value is wrong', async () => {
    const whole = {
      mode: 'Enforce',
      resources: { requireLimits: { resources: ['memory'], suggest: { memory: '1Gi' } } },
    };
    expect(await proposed(whole, bare)).toHaveLength(2);
    const wrong = podWith({ containers: [containerWith({ resources: { limits: { memory: 'many' } } }, 'web')] });
    expect(await proposed({ mode: 'Enforce', resources: { requireLimits: { resources: ['memory'] } } }, wrong)).toEqual(
      [],
    );
  });

  test('is shown eight times and no more', async () => {
    const containers = Array.from({ length: 12 }, (_, index) => containerWith({ image: 'app:1' }, `c${index}`));
    const spec = { mode: 'Enforce', resources: { requireLimits: { resources: ['cpu'] } } };
    const [, choices] = await proposed(spec, podWith({ containers }));
    expect(choices?.match(/<quantity>/g)).toHaveLength(8);
  });
});
