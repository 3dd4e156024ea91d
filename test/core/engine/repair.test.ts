import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workloads } from '../../../src/core/pod/workload.ts';
import {
  answer,
  builtin,
  containerWith,
  type Json,
  podWith,
  policyOf,
  reviewOf,
  wrap,
} from '../../admission-requests.ts';

/** What follows `These changes satisfy …:` in a denial, read as YAML. */
async function proposal(
  object: unknown,
  kind = 'Pod',
  policies = [builtin('builtin:restricted')],
): Promise<{ of?: string; patch?: Json }> {
  const { response } = await answer(reviewOf(object, { kind }), { policies });
  const lines = (response.status?.message ?? '').split('\n');
  const at = lines.findIndex((line) => line.startsWith('These changes satisfy'));
  if (at < 0) return {};
  return { of: /satisfy (\d+ of \d+)/.exec(lines[at] ?? '')?.[1] ?? '', patch: parse(lines[at + 1] ?? '') as Json };
}

const bare = { name: 'web', image: 'ghcr.io/acme/web:1.4.2' };
const compliant = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('the proposed changes', () => {
  test.each(workloads.map(({ kind }) => kind))('of a %s are a patch of that object', async (kind) => {
    const { of, patch } = await proposal(wrap(kind, podWith({ containers: [bare] })), kind);
    expect(of).toBe('4 of 4');
    const inner = { spec: { containers: [{ name: 'web', securityContext: compliant }] } };
    const path = workloads.find((workload) => workload.kind === kind)?.path ?? [];
    expect(patch).toEqual(path.reduceRight<unknown>((value, segment) => ({ [segment]: value }), inner));
  });

  test('say how many violations they end where some are a choice', async () => {
    const { of, patch } = await proposal(podWith({ hostPID: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] }));
    expect(of).toBe('1 of 2');
    expect(patch).toEqual({ spec: { hostPID: null } });
  });

  test('are absent where every violation is a choice', async () => {
    expect(await proposal(podWith({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }))).toEqual({});
  });

  test('are absent where a name would hit another container', async () => {
    expect(await proposal(podWith({ containers: [bare, bare] }))).toEqual({});
    expect(await proposal(podWith({ containers: [{ ...bare, name: "x'; rm -rf /; '" }] }))).toEqual({});
  });

  test('rewrite a list as two rules both want it', async () => {
    const policies = [
      builtin('builtin:restricted'),
      policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } }, 'second'),
    ];
    const capabilities = { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'SYS_ADMIN', 'CHOWN'] };
    const pod = podWith({ containers: [containerWith({ securityContext: { ...compliant, capabilities } })] });
    const { of, patch } = await proposal(pod, 'Pod', policies);
    expect(of).toBe('3 of 3');
    const changed = { name: 'app', securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } };
    expect(patch).toEqual({ spec: { containers: [changed] } });
  });

  test('are not searched for beyond fifty findings', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...bare, name: `c${index}` }));
    expect((await proposal(podWith({ containers: many(6) }))).of).toBe('24 of 24');
    expect(await proposal(podWith({ containers: many(13) }))).toEqual({});
  });
});
