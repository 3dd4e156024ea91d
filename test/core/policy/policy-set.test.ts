import { describe, expect, test } from 'vitest';
import {
  answer,
  containerSecuredWith,
  isAllowed,
  type Json,
  podWith,
  policyOf,
  reviewOf,
  rulesAgainst,
} from '../../admission-requests.ts';

const hostPid = podWith({ hostPID: true });
const enforcing = (podSecurity: Json, more: Json = {}) => policyOf({ mode: 'Enforce', podSecurity, ...more });

describe('all policies that match apply and the strictest wins', () => {
  test('one that audits beside one that denies: denied, both in the findings', async () => {
    const policies = [
      policyOf({ podSecurity: { level: 'baseline' } }, 'watch'),
      policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted' } }, 'hard'),
    ];
    const { response, findings } = await answer(reviewOf(hostPid), { policies });
    expect(response.allowed).toBe(false);
    expect(findings.map(({ policy, mode }) => `${policy} ${mode}`)).toEqual(['hard Enforce', 'watch Audit']);
  });

  test('two that deny the same are one line that names both', async () => {
    const policies = [
      enforcing({ level: 'baseline' }),
      policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', version: 'v1.30' } }, 'team'),
    ];
    const { response } = await answer(reviewOf(hostPid), { policies });
    expect(response.status?.message).toContain('Pod shop/example: 1 violation of policies production, team\n');
    expect(response.status?.message).toContain('[hostNamespaces · production, team]');
  });
});

describe('a policy', () => {
  test('has a say only in the namespaces it names', async () => {
    const policies = [
      enforcing({ level: 'baseline' }, { match: { namespaces: { include: ['team-*'], exclude: ['team-x'] } } }),
    ];
    expect(await isAllowed(hostPid, { policies, namespace: 'team-a' })).toBe(false);
    expect(await isAllowed(hostPid, { policies, namespace: 'team-x' })).toBe(true);
    expect(await isAllowed(hostPid, { policies, namespace: 'shop' })).toBe(true);
  });

  test('may set the mode of a section and of a rule', async () => {
    const policies = [
      policyOf({ podSecurity: { mode: 'Enforce', level: 'baseline', rules: { hostNamespaces: { mode: 'Warn' } } } }),
    ];
    const { response } = await answer(reviewOf(hostPid), { policies });
    expect(response.allowed).toBe(true);
    expect(response.warnings).toEqual(['production: spec.hostPID is true, must be unset or false [hostNamespaces]']);
    expect(await isAllowed(podWith({ containers: [containerSecuredWith({ privileged: true })] }), { policies })).toBe(
      false,
    );
  });

  test('switches a rule on by naming it, whatever its level', async () => {
    const policies = [enforcing({ level: 'privileged', rules: { hostNamespaces: {} } })];
    const pod = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
    expect(await rulesAgainst(pod, { policies })).toEqual(['hostNamespaces']);
  });

  test('may except values, and only in the containers it names', async () => {
    const except = [{ rules: ['hostPorts'], values: [8080], containers: ['app'] }];
    const policies = [enforcing({ level: 'baseline', except })];
    const container = (name: string, hostPort: number): Json => ({
      name,
      image: 'x',
      ports: [{ containerPort: 80, hostPort }],
    });
    expect(await isAllowed(podWith({ containers: [container('app', 8080)] }), { policies })).toBe(true);
    expect(await isAllowed(podWith({ containers: [container('app', 8081)] }), { policies })).toBe(false);
    expect(await isAllowed(podWith({ containers: [container('other', 8080)] }), { policies })).toBe(false);
  });

  test('that excepts a container does not except the pod', async () => {
    const policies = [enforcing({ level: 'baseline', except: [{ rules: ['hostNamespaces'], containers: ['app'] }] })];
    expect(await isAllowed(hostPid, { policies })).toBe(false);
  });
});

describe('the ceiling', () => {
  test.each([
    ['Warn', 1],
    ['Audit', 0],
  ] as const)('%s lets nothing be denied', async (ceiling, warnings) => {
    const { response } = await answer(reviewOf(hostPid), { ceiling });
    expect(response.allowed).toBe(true);
    expect(response.warnings ?? []).toHaveLength(warnings);
    expect(response.auditAnnotations?.['audit-violations']).toContain('spec.hostPID is true');
    expect(response.auditAnnotations?.['enforce-policy']).toBeUndefined();
  });
});
