import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/core/engine/decision.ts';
import { podSecurityRules } from '../../src/core/rules/index.ts';
import { createMetrics } from '../../src/io/metrics.ts';
import { builtin, policyOf } from '../admission-requests.ts';

const sample = {
  operation: 'CREATE',
  resource: 'pods',
  subresource: '',
  decision: 'allow',
  dryRun: false,
  seconds: 0.001,
} as const;
const newMetrics = () => createMetrics({ version: '1.2.3', inflight: () => 7 });
const rule = podSecurityRules[0] as (typeof podSecurityRules)[number];
const findingOf = (policy: string): Finding => ({
  policy,
  rule,
  mode: 'Enforce',
  path: [],
  violation: { path: [], message: 'x' },
});

describe('the metrics', () => {
  test('have the names and labels of the design', async () => {
    const metrics = newMetrics();
    metrics.admitted(sample);
    metrics.admitted({ ...sample, operation: 'UPDATE', subresource: 'resize', dryRun: true, decision: 'deny' });
    metrics.found([findingOf('production')]);
    metrics.shed();
    metrics.certificateReloadFailed();
    const ready = [builtin('builtin:baseline'), policyOf({}, 'a'), policyOf({}, 'b')];
    metrics.setPolicies({ ready, broken: [policyOf({ mode: 'Warn' })], unreadable: 2 });
    metrics.setCertificateExpiry('serving', new Date(1_000_000));
    const text = await metrics.registry.metrics();
    for (const line of [
      'sekisho_admission_requests_total{operation="CREATE",resource="pods",subresource="",decision="allow",dry_run="false"} 1',
      'sekisho_admission_requests_total{operation="UPDATE",resource="pods",subresource="resize",decision="deny",dry_run="true"} 1',
      'sekisho_admission_duration_seconds_count{operation="CREATE",resource="pods",decision="allow"} 1',
      `sekisho_findings_total{policy="production",rule="${rule.id}",mode="Enforce"} 1`,
      'sekisho_admission_inflight 7',
      'sekisho_admission_shed_total 1',
      'sekisho_policies{mode="Enforce",ready="true"} 1',
      'sekisho_policies{mode="Audit",ready="true"} 2',
      'sekisho_policies{mode="Warn",ready="false"} 1',
      'sekisho_policies{mode="unknown",ready="false"} 2',
      'sekisho_certificate_expiry_timestamp_seconds{kind="serving"} 1000',
      'sekisho_certificate_reload_failures_total 1',
      `sekisho_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
    expect(text).toMatch(/\nprocess_cpu_seconds_total /);
    expect(text).toMatch(/\nnodejs_eventloop_lag_seconds /);
  });

  test('do not count what is excused', async () => {
    const metrics = newMetrics();
    metrics.found([{ ...findingOf('production'), exception: { name: 'legacy' } }, findingOf('team')]);
    const series = (await metrics.registry.metrics()).match(/^sekisho_findings_total\{.*$/gm);
    expect(series).toEqual([`sekisho_findings_total{policy="team",rule="${rule.id}",mode="Enforce"} 1`]);
  });

  test('take no label from whoever calls', async () => {
    const metrics = newMetrics();
    for (let i = 0; i < 1_000; i++) metrics.admitted({ ...sample, resource: `r${i}`, subresource: `s${i}` });
    for (const resource of ['constructor', '__proto__', 'po"ds\n']) metrics.admitted({ ...sample, resource });
    const series = (await metrics.registry.metrics()).match(/^sekisho_admission_requests_total\{.*$/gm);
    expect(series).toEqual([
      'sekisho_admission_requests_total{operation="CREATE",resource="other",subresource="other",decision="allow",dry_run="false"} 1000',
      'sekisho_admission_requests_total{operation="CREATE",resource="other",subresource="",decision="allow",dry_run="false"} 3',
    ]);
  });

  test('call every policy beyond fifty "other"', async () => {
    const metrics = newMetrics();
    for (let i = 0; i < 60; i++) metrics.found([findingOf(`policy-${i}`), findingOf('policy-0')]);
    const series = (await metrics.registry.metrics()).match(/^sekisho_findings_total\{.*$/gm);
    expect(series).toHaveLength(51);
    expect(series).toContain(`sekisho_findings_total{policy="other",rule="${rule.id}",mode="Enforce"} 10`);
  });

  test('of two servers in one process are two', async () => {
    const [one, other] = [newMetrics(), newMetrics()];
    one.shed();
    expect(await other.registry.metrics()).toContain('sekisho_admission_shed_total 0');
  });
});
