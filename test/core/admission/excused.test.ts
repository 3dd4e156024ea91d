import { describe, expect, test } from 'vitest';
import {
  answer,
  containerSecuredWith,
  exceptionOf,
  type Json,
  podWith,
  policyOf,
  reviewOf,
  type Under,
} from '../../admission-requests.ts';

/* What everybody is told of what an exception excuses. */

const baseline = { mode: 'Enforce', podSecurity: { level: 'baseline' } };
const from = (...rules: readonly string[]) => ({ policies: [{ name: 'production', rules }] });
const both = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
const hostPath = podWith({ volumes: [{ name: 'run', hostPath: { path: '/run' } }] });

const now = Date.parse('2027-01-25T00:00:00Z');
const soon = { expiresAt: '2027-01-31T00:00:00Z' };

async function told(object: unknown, under: Under) {
  return (await answer(reviewOf(object), { policies: [policyOf(baseline)], ...under })).response;
}

describe('a denial', () => {
  test('neither lists nor counts nor repairs what is excused', async () => {
    const response = await told(both, { exceptions: [exceptionOf(from('hostNamespaces'))] });
    expect(response.status?.message.replace(/✗/g, 'x').replace(/ +\[/g, ' [').split('\n')).toEqual([
      'Pod shop/example: 1 violation of policy production',
      '  x spec.containers[0].securityContext.privileged  is true, must be unset or false [privileged]',
      'These changes satisfy 1 of 1:',
      '  spec: {containers: [{name: app, securityContext: {privileged: false}}]}',
      expect.stringMatching(/^More: sekisho explain privileged {5}Id: /),
    ]);
    expect(response.status?.details?.causes.map(({ reason }) => reason)).toEqual(['privileged']);
    expect(response.warnings).toBeUndefined();
  });

  test('names no policy that has only what is excused', async () => {
    const policies = [policyOf(baseline), policyOf(baseline, 'team')];
    const exceptions = [exceptionOf({ policies: [{ name: 'team', rules: ['privileged', 'hostNamespaces'] }] })];
    const { status } = await told(both, { policies, exceptions });
    expect(status?.message).toContain('2 violations of policy production\n');
    expect(status?.message).not.toContain('team');
  });

  test('offers a repair although an excused violation stays', async () => {
    const { status } = await told(both, { exceptions: [exceptionOf(from('privileged'))] });
    expect(status?.message).toContain('These changes satisfy 1 of 1:\n  spec: {hostPID: null}');
    const beside = podWith({ ...(both['spec'] as Json), volumes: [{ name: 'run', hostPath: { path: '/run' } }] });
    const partly = await told(beside, { exceptions: [exceptionOf(from('hostNamespaces'))] });
    expect(partly.status?.message).toContain('These changes satisfy 1 of 2:\n  spec: {containers: ');
  });
});

describe('the audit annotations', () => {
  test('name exceptions and rules under upstream’s word, and no excused violation', async () => {
    const exceptions = [
      exceptionOf(from('hostNamespaces', 'hostPorts'), 'a'),
      exceptionOf(from('privileged', 'hostPathVolumes'), 'b'),
    ];
    const policies = [policyOf({ ...baseline, mode: 'Audit' })];
    for (const under of [{ exceptions }, { exceptions, policies }]) {
      const { allowed, auditAnnotations } = await told(both, under);
      expect(allowed).toBe(true);
      expect(auditAnnotations).toMatchObject({ exempt: 'b: privileged; a: hostNamespaces' });
      expect(auditAnnotations).not.toHaveProperty('audit-violations');
    }
  });

  test('hold at most one kibibyte of them', async () => {
    const containers = Array.from({ length: 40 }, (_, i) => containerSecuredWith({ privileged: true }, `c-${i}`));
    const exceptions = containers.map((_, i) =>
      exceptionOf({ ...from('privileged'), match: { containers: [`c-${i}`] } }, `${'e'.repeat(60)}-${i}`),
    );
    const { allowed, auditAnnotations } = await told(podWith({ containers }), { exceptions });
    expect(allowed).toBe(true);
    expect(Buffer.byteLength(auditAnnotations?.['exempt'] ?? '')).toBeLessThanOrEqual(1024);
    expect(auditAnnotations?.['exempt']).toMatch(/^e{60}-0: privileged; .*…$/);
  });

  test('are silent about exceptions that excused nothing', async () => {
    const { auditAnnotations } = await told(both, { exceptions: [exceptionOf(from('hostPorts'))] });
    expect(auditAnnotations).not.toHaveProperty('exempt');
  });
});

describe('warnings', () => {
  const warnings = async (object: unknown, under: Under) => (await told(object, under)).warnings ?? [];
  const fromHostPath = from('hostPathVolumes');

  test('say nothing of what is excused for long', async () => {
    const warn = [policyOf({ ...baseline, mode: 'Warn' })];
    for (const policies of [warn, [policyOf(baseline)]]) {
      expect(await warnings(hostPath, { policies, exceptions: [exceptionOf(fromHostPath)], now })).toEqual([]);
    }
  });

  test('say from seven days before its end what will be refused', async () => {
    const exceptions = [exceptionOf({ ...fromHostPath, ...soon }, 'legacy-agent')];
    expect(await warnings(hostPath, { exceptions, now })).toEqual([
      'exception legacy-agent ends at 2027-01-31T00:00:00Z: spec.volumes[0].hostPath is "hostPath", must be unset [hostPathVolumes] will be refused',
    ]);
    expect(await warnings(hostPath, { exceptions, now: now - 2 * 86_400_000 })).toEqual([]);
  });

  test('say it in Japanese, and in both languages', async () => {
    const exceptions = [exceptionOf({ ...fromHostPath, ...soon }, 'legacy-agent')];
    const japanese = await warnings(hostPath, { exceptions, now, locale: 'ja' });
    expect(japanese).toEqual([
      '例外 legacy-agent は 2027-01-31T00:00:00Z に終了: spec.volumes[0].hostPath は "hostPath" です。未設定でなければなりません [hostPathVolumes] 以後は拒否されます',
    ]);
    expect(await warnings(hostPath, { exceptions, now, locale: 'both' })).toEqual([
      ...(await warnings(hostPath, { exceptions, now })),
      ...japanese,
    ]);
  });

  test('say of a policy that warns that it will warn, and of one that audits nothing', async () => {
    const exceptions = [exceptionOf({ ...fromHostPath, ...soon })];
    const ask = (mode: string) => warnings(hostPath, { policies: [policyOf({ ...baseline, mode })], exceptions, now });
    expect(await ask('Warn')).toEqual([expect.stringMatching(/\[hostPathVolumes\] will be warned of$/)]);
    expect(await ask('Audit')).toEqual([]);
  });

  test('come after those of today', async () => {
    const policies = [
      policyOf({ ...baseline, podSecurity: { level: 'baseline', rules: { privileged: { mode: 'Warn' } } } }),
    ];
    const exceptions = [exceptionOf({ ...from('hostNamespaces'), ...soon })];
    const [first, second] = await warnings(both, { policies, exceptions, now });
    expect(first).toMatch(/^production: .*\[privileged\]$/);
    expect(second).toMatch(/^exception legacy ends at .*\[hostNamespaces\] will be refused$/);
  });

  test('keep their last words, however long the rest is', async () => {
    const pod = podWith({ securityContext: { sysctls: [{ name: 'あ'.repeat(300), value: '1' }] } });
    const exceptions = [exceptionOf({ ...from('sysctls'), ...soon }, 'e'.repeat(253))];
    for (const locale of ['en', 'ja'] as const) {
      const [line = ''] = await warnings(pod, { exceptions, now, locale });
      expect([...line].length).toBeLessThan(256);
      expect(line).toMatch(locale === 'en' ? /… will be refused$/ : /… 以後は拒否されます$/);
    }
  });
});

test('a violation that is excused by two policies’ exceptions is one line for each exception', async () => {
  const policies = [policyOf(baseline), policyOf(baseline, 'team'), policyOf(baseline, 'third')];
  const exceptions = [
    exceptionOf({ policies: [{ name: 'production', rules: ['hostNamespaces'] }] }, 'a'),
    exceptionOf({ policies: ['team', 'third'].map((name) => ({ name, rules: ['hostNamespaces'] })) }, 'b'),
  ];
  const { groups } = await answer(reviewOf(podWith({ hostPID: true })), { policies, exceptions });
  expect(groups.map(({ finding, policies: names }) => [finding.exception?.name, names])).toEqual([
    ['a', ['production']],
    ['b', ['team', 'third']],
  ]);
});
