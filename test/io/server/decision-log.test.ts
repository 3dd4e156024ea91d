import { describe, expect, test } from 'vitest';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { exceptionOf, policyOf, reviewOf } from '../../admission-requests.ts';
import { send, startWebhook, verdictOf } from './running-webhook.ts';

const pod = (spec: object, name = 'web') => ({
  ...minimalPod,
  metadata: { name },
  spec: { ...minimalPod.spec, ...spec },
});

describe('the log of decisions', () => {
  test('has one line for a request with findings, with the id of the message', async () => {
    await using webhook = await startWebhook();
    const answer = verdictOf(await send(webhook.port, { body: JSON.stringify(reviewOf(pod({ hostPID: true }))) }));
    expect(webhook.lines).toHaveLength(1);
    const [line] = webhook.lines;
    expect(line).toMatchObject({
      level: 'info',
      msg: 'decided',
      uid: answer.uid,
      operation: 'CREATE',
      resource: 'pods',
      subresource: '',
      namespace: 'shop',
      user: 'alice',
      dryRun: false,
      allowed: false,
      count: 1,
      findings: [{ policy: 'builtin:restricted', rule: 'hostNamespaces', mode: 'Enforce', path: 'spec.hostPID' }],
    });
    expect(line?.['ms']).toBeGreaterThan(0);
    expect(answer.status?.message).toContain(`Id: ${line?.['id']}`);
    expect(new Date(String(line?.['time'])).getTime()).toBeGreaterThan(Date.now() - 10_000);
  });

  test('says of a template what the old one had too', async () => {
    await using webhook = await startWebhook();
    const template = (labels: object) => ({
      metadata: { name: 'web' },
      spec: { template: { ...pod({ hostPID: true }), metadata: { labels } } },
    });
    const review = reviewOf(template({ a: 'b' }), { kind: 'Deployment', oldObject: template({}) });
    await send(webhook.port, { body: JSON.stringify(review) });
    expect(webhook.lines[0]).toMatchObject({ operation: 'UPDATE', allowed: false, findings: [{ preexisting: true }] });
  });

  test('names the exception of each finding that is excused', async () => {
    const policies = createPolicySet({
      policies: [policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } })],
      exceptions: [exceptionOf({ policies: [{ name: 'production', rules: ['hostNamespaces'] }] }, 'legacy-agent')],
      ceiling: 'Enforce',
    });
    await using webhook = await startWebhook({ policies });
    const answer = verdictOf(await send(webhook.port, { body: JSON.stringify(reviewOf(pod({ hostPID: true }))) }));
    expect(answer).toMatchObject({ allowed: true, auditAnnotations: { exempt: 'legacy-agent: hostNamespaces' } });
    expect(webhook.lines[0]).toMatchObject({
      allowed: true,
      id: answer.auditAnnotations?.['decision-id'],
      count: 1,
      findings: [{ policy: 'production', rule: 'hostNamespaces', mode: 'Enforce', exception: 'legacy-agent' }],
    });
    expect(await webhook.metrics.registry.metrics()).not.toContain('sekisho_findings_total{');
  });

  test('has no line for a request without, but at debug level', async () => {
    const body = JSON.stringify(reviewOf(minimalPod));
    await using quiet = await startWebhook();
    await send(quiet.port, { body });
    expect(quiet.lines).toEqual([]);
    await using talkative = await startWebhook({ level: 'debug' });
    await send(talkative.port, { body });
    expect(talkative.lines).toEqual([expect.objectContaining({ level: 'debug', msg: 'decided', allowed: true })]);
  });

  test('shows fifty findings and says how many there were', async () => {
    await using webhook = await startWebhook();
    const container = { name: 'c', image: 'a', securityContext: { privileged: true } };
    const containers = Array.from({ length: 100 }, (_, i) => ({ ...container, name: `c${i}` }));
    await send(webhook.port, { body: JSON.stringify(reviewOf(pod({ containers }))) });
    expect(webhook.lines[0]?.['findings']).toHaveLength(50);
    expect(webhook.lines[0]?.['count']).toBeGreaterThan(100);
    expect(webhook.lines[0]?.['findings']).toContainEqual(expect.objectContaining({ container: 'c7' }));
  });

  test('stays one short line whatever the names are', async () => {
    await using webhook = await startWebhook();
    const hostile = `evil\n\u001b[31m\u0000"level":"info"${'😀'.repeat(100_000)}`;
    const review = reviewOf(pod({ hostPID: true, containers: [{ name: hostile, image: 'x' }] }), {
      namespace: hostile,
    });
    await send(webhook.port, { body: JSON.stringify(review) });
    expect(webhook.lines[0]?.['namespace']).toHaveLength(257);
    const [line = ''] = webhook.rawLines;
    expect(line.length).toBeLessThan(10_000);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect([...line.trimEnd()].every((character) => character >= ' ')).toBe(true);
  });
});
