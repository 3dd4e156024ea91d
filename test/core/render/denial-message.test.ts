import { expect, test } from 'vitest';
import { answer, builtin, podWith, policyOf, reviewOf, wrap } from '../../admission-requests.ts';

const deployment = wrap('Deployment', podWith({ hostNetwork: true, containers: [{ name: 'web', image: 'nginx' }] }));
const review = reviewOf(deployment, { kind: 'Deployment' });

test('a denial says every violation at once, what to change, and where to read more', async () => {
  const { response, id } = await answer(review, {
    policies: [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } })],
  });
  expect(response.status?.message.split('\n')).toEqual([
    'Deployment shop/web: 5 violations of policy production',
    '  ✗ spec.template.spec.hostNetwork  is true, must be unset or false                                  [hostNamespaces]',
    expect.stringMatching(
      /^ {2}✗ spec\.template\.spec\.containers\[0\]\.securityContext\.allowPrivilegeEscalation {2}is unset, must be false +\[allowPrivilegeEscalation\]$/,
    ),
    expect.stringMatching(
      /^ {2}✗ spec\.template\.spec\.containers\[0\]\.securityContext\.capabilities\.drop {2}is unset, must include ALL +\[capabilities_restricted\]$/,
    ),
    expect.stringMatching(
      /^ {2}✗ spec\.template\.spec\.containers\[0\]\.securityContext\.runAsNonRoot {2}is unset, must be true +\[runAsNonRoot\]$/,
    ),
    expect.stringMatching(
      /^ {2}✗ spec\.template\.spec\.containers\[0\]\.securityContext\.seccompProfile.* {2}is unset, must be .* +\[seccompProfile_restricted\]$/,
    ),
    'These changes satisfy 5 of 5:',
    '  spec: {template: {spec: {containers: [{name: web, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}], hostNetwork: null}}}',
    `More: sekisho explain hostNamespaces allowPrivilegeEscalation capabilities_restricted runAsNonRoot seccompProfile_restricted     Id: ${id}`,
  ]);
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(response.auditAnnotations).toEqual({ 'decision-id': id, 'enforce-policy': 'production=restricted:latest' });
});

test('the same stands machine-readable in the causes', async () => {
  const { response } = await answer(review);
  expect(response.status).toMatchObject({ code: 403, reason: 'Forbidden' });
  expect(response.status?.details).toMatchObject({ name: 'web', group: 'apps', kind: 'deployments' });
  expect(response.status?.details?.causes[0]).toEqual({
    reason: 'hostNamespaces',
    field: 'spec.template.spec.hostNetwork',
    message: 'is true, must be unset or false',
  });
});

test('in Japanese every sentence is Japanese, the patch and the ids are the same', async () => {
  const { response } = await answer(review, { locale: 'ja' });
  const lines = response.status?.message.split('\n') ?? [];
  expect(lines[0]).toBe('Deployment shop/web: ポリシー builtin:restricted の違反 5 件');
  expect(lines.slice(1, 6).every((line) => /なければなりません|してください|ください/.test(line))).toBe(true);
  expect(lines[6]).toBe('次の変更で 5 件中 5 件が解消します:');
  expect(lines[8]).toMatch(/^詳細: sekisho explain .* Id: [0-9a-f]{16}$/);
});

test('the same request gets the same answer, byte for byte', async () => {
  expect((await answer(review)).response).toEqual((await answer(structuredClone(review))).response);
});

test('one violation is not several violations', async () => {
  const { response } = await answer(reviewOf(podWith({ hostPID: true })), { policies: [builtin('builtin:baseline')] });
  expect(response.status?.message).toMatch(/^Pod shop\/example: 1 violation of policy builtin:baseline\n/);
});
