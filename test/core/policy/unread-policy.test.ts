import { describe, expect, test } from 'vitest';
import { answerRequest } from '../../../src/core/admission/answer.ts';
import { parseAdmissionReview } from '../../../src/core/admission/review.ts';
import type { Locale } from '../../../src/core/locale.ts';
import type { Mode } from '../../../src/core/policy/mode.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { salvagePolicy } from '../../../src/core/policy/unread-policy.ts';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { offline } from '../../../src/io/offline.ts';
import { type Json, podWith, policyOf, reviewOf, wrap } from '../../admission-requests.ts';

interface Case {
  readonly ceiling?: Mode;
  readonly locale?: Locale;
  readonly unread?: readonly string[];
}

const document = (spec: unknown, name = 'team'): Json => ({
  apiVersion: 'sekisho.dev/v1alpha1',
  kind: 'PodPolicy',
  metadata: { name },
  spec,
});

function frame(spec: Json, name?: string) {
  const salvaged = salvagePolicy(document({ ...spec, podSecurity: { level: 'strict' } }, name));
  if (salvaged === undefined) throw new Error('nothing salvaged');
  return salvaged;
}

const inShop = { match: { namespaces: { include: ['shop'] } } };
const baseline = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } });

async function answerTo(
  review: Json,
  { ceiling = 'Enforce', locale = 'en', unread = ['team'] }: Case = {},
  spec: Json = {},
) {
  const frames = unread.map((name) => frame({ mode: 'Enforce', ...inShop, ...spec }, name));
  const policies = createPolicySet({ policies: [baseline], ceiling, unread: frames });
  return answerRequest(parseAdmissionReview(review), { policies, ...offline, locale });
}

describe('an unread policy', () => {
  test('denies what it matches in its mode, in the channel of errors, and says so', async () => {
    const { response, findings, id } = await answerTo(reviewOf(minimalPod));
    expect(response.allowed).toBe(false);
    expect(response.status?.message.replaceAll(/[^\x20-\x7e\n]/g, 'x')).toBe(
      'Pod shop/example: 1 violation of policy team\n' +
        '  x the policy could not be read, so it cannot be told whether it allows this   [unreadPolicy]\n' +
        `More: sekisho explain      Id: ${id}`,
    );
    expect(response.auditAnnotations).toMatchObject({
      error: expect.stringMatching(/^team: the policy could not be read.*\[unreadPolicy\]$/),
      'enforce-policy': 'production=baseline:latest,team',
    });
    expect(findings).toMatchObject([{ policy: 'team', mode: 'Enforce', error: true, rule: { id: 'unreadPolicy' } }]);
  });

  test('has no say elsewhere', async () => {
    const { response } = await answerTo(reviewOf(minimalPod, { namespace: 'kiosk' }));
    expect(response.allowed).toBe(true);
  });

  test('hides nothing that other policies find, and is one line with another that is unread', async () => {
    const { response } = await answerTo(reviewOf(podWith({ hostPID: true })), { unread: ['team', 'tribe'] });
    expect(response.status?.message).toContain('2 violations of policies production, team, tribe');
    expect(response.status?.message).toContain('[hostNamespaces · production]');
    expect(response.status?.message).toContain('[unreadPolicy · team, tribe]');
    expect(response.status?.message).toContain('These changes satisfy 1 of 2:');
  });

  test('obeys the ceiling', async () => {
    const warned = await answerTo(reviewOf(minimalPod), { ceiling: 'Warn' });
    expect(warned.response.allowed).toBe(true);
    expect(warned.response.warnings).toEqual([expect.stringMatching(/^team: the policy could not be read/)]);
    const audited = await answerTo(reviewOf(minimalPod), { ceiling: 'Audit' });
    expect(audited.response.warnings).toBeUndefined();
    expect(audited.response.auditAnnotations).toHaveProperty('error');
  });

  test('warns where its own mode cannot be read', async () => {
    const { response } = await answerTo(reviewOf(minimalPod), {}, { mode: 'enforce' });
    expect(response.allowed).toBe(true);
    expect(response.warnings).toHaveLength(1);
  });

  test('minds templates as it minds their pods', async () => {
    const { response } = await answerTo(reviewOf(wrap('Deployment', minimalPod), { kind: 'Deployment' }));
    expect(response.allowed).toBe(false);
  });

  test('does not keep an old pod from a change that changes nothing of it', async () => {
    const relabelled = podWith({}, { labels: { a: 'b' } });
    const { response } = await answerTo(reviewOf(relabelled, { operation: 'UPDATE', oldObject: minimalPod }));
    expect(response.allowed).toBe(true);
  });

  test('speaks Japanese', async () => {
    const { response } = await answerTo(reviewOf(minimalPod), { locale: 'ja' });
    expect(response.status?.message).toContain('ポリシーを読み取れなかったため');
  });
});

describe('what is salvaged of a document', () => {
  test.each([
    ['no object', 'x'],
    ['nothing', null],
    ['no spec', document(undefined)],
    ['a spec that is a list', document([])],
    ['a match that cannot be read', document({ match: { namespaces: { include: 'shop' } } })],
    ['a match of null', document({ match: null })],
    ['a misspelt match', document({ mach: {} })],
    ['a kind that is not ours', { ...document({}), kind: 'Pod' }],
    ['a group that is not ours', { ...document({}), apiVersion: 'other.dev/v1' }],
    ['a name that is none', { ...document({}), metadata: { name: 'a b' } }],
    ['no name', { ...document({}), metadata: {} }],
  ])('%s: nothing', (_what, value) => {
    expect(salvagePolicy(value)).toBeUndefined();
  });

  test('a mode that stands only in a prototype is none', () => {
    const spec = JSON.parse('{"__proto__": {"mode": "Enforce"}}');
    expect(salvagePolicy(document(spec))?.spec.mode).not.toBe('Enforce');
  });
});

test('a request reads the policies once, so that a swap cannot come between', async () => {
  let reads = 0;
  const set = createPolicySet({ policies: [baseline], ceiling: 'Enforce', unread: [frame({})] });
  const context = {
    ...offline,
    locale: 'en',
    get policies() {
      reads++;
      return set;
    },
  } as const;
  await answerRequest(parseAdmissionReview(reviewOf(podWith({ hostPID: true }))), context);
  expect(reads).toBe(1);
});

describe('the mode of what is left of a policy', () => {
  test.each([
    ['is its section’s, where that is stricter', { podSecurity: { mode: 'Enforce' } }, 'Enforce'],
    ['is its own, where that is stricter', { mode: 'Enforce', podSecurity: { mode: 'Audit' } }, 'Enforce'],
    ['is its own, where nobody can read its section’s', { mode: 'Audit', podSecurity: { mode: 'Deny' } }, 'Audit'],
    ['is Warn, where nobody can read its own', { mode: 'Deny', podSecurity: { mode: 'Enforce' } }, 'Warn'],
    [
      'is Warn, where authors of objects could choose what is denied',
      { match: { objectSelector: { matchLabels: { a: 'b' } } }, podSecurity: { mode: 'Enforce' } },
      'Warn',
    ],
  ])('%s', (_, spec, mode) => {
    const { podSecurity, ...rest } = spec as Json & { podSecurity: Json };
    const broken = document({ ...rest, podSecurity: { ...podSecurity, level: 'strict' } });
    expect(salvagePolicy(broken)?.spec.mode).toBe(mode);
  });
});
