import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CheckResult } from '../../src/core/render/check-result.ts';
import { podWith, reviewOf } from '../admission-requests.ts';
import { feed } from './feeding-sekisho.ts';
import { run, serve } from './running-sekisho.ts';

/* PodPolicyExceptions in files, for every command that judges. */

const day = 24 * 3_600_000;
const toMoment = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
const inDays = (days: number): string => toMoment(Date.now() + days * day);

const exception = (name: string, fields: string, expiresAt = inDays(60)): string => `---
apiVersion: sekisho.dev/v1alpha1
kind: PodPolicyException
metadata: {name: ${name}}
spec: {match: {}, reason: a fix is promised, expiresAt: "${expiresAt}", ${fields}}
`;
const fromHostPid = 'policies: [{name: production, rules: [hostNamespaces]}]';

const policy = `apiVersion: sekisho.dev/v1alpha1
kind: PodPolicy
metadata: {name: production}
spec: {mode: Enforce, podSecurity: {level: baseline}}
`;
const pod = (name: string, spec: string): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {containers: [{name: app, image: app:1}], ${spec}}
`;

const files = {
  'policy.yaml': policy + exception('legacy', fromHostPid),
  'ending.yaml': policy + exception('legacy', fromHostPid, inDays(3)),
  'idle.yaml':
    policy +
    exception('misspelt', 'policies: [{name: prodction, rules: [hostNamespaces]}]') +
    exception('unruly', 'policies: [{name: production, rules: [hostPids]}]') +
    exception('old', fromHostPid, '2026-01-01T00:00:00Z'),
  'excused.yaml': pod('excused', 'hostPID: true'),
  'both.yaml': pod('both', 'hostPID: true, securityContext: {sysctls: [{name: a.b, value: "1"}]}'),
  'case.sekisho-test.yaml': `apiVersion: sekisho.dev/v1alpha1
kind: PolicyTest
policies: [policy.yaml]
cases:
- name: excused
  object: excused.yaml
  expect: {allowed: true, findings: [{rule: hostNamespaces, exception: legacy}]}
- name: excused by another
  object: excused.yaml
  expect: {findings: [{rule: hostNamespaces, exception: other}]}
`,
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-exceptions-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: keyof typeof files): string => join(folder, name);

describe('sekisho check', () => {
  test('shows what is excused, and passes', async () => {
    for (const failOn of ['deny', 'audit']) {
      const { code, stdout, stderr } = await run([
        'check',
        at('excused.yaml'),
        '-p',
        at('policy.yaml'),
        '--fail-on',
        failOn,
      ]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toBe(
        `${at('excused.yaml')}\n` +
          '  Pod default/excused\n' +
          `    ${at('excused.yaml')}:5:49  excused  spec.hostPID  is true, must be unset or false  [hostNamespaces · exception legacy]\n` +
          '\nChecked 1 object: no violations. 1 excused.\n',
      );
    }
  });

  test.each(['json', 'yaml'])('counts it apart in %s', async (format) => {
    const { code, stdout } = await run(['check', at('both.yaml'), '-p', at('ending.yaml'), '-o', format]);
    const { summary, findings }: CheckResult = format === 'json' ? JSON.parse(stdout) : parse(stdout);
    expect(code).toBe(1);
    expect(summary).toEqual({ objects: 1, deny: 1, warn: 0, audit: 0, excused: 1, error: 0 });
    const expiring = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+Z$/);
    expect(findings.map(({ rule, exception: by }) => [rule, by])).toEqual([
      ['hostNamespaces', { name: 'legacy', expiring }],
      ['sysctls', undefined],
    ]);
  });

  test('says which exceptions have no effect, and why', async () => {
    const { code, stderr } = await run(['check', at('excused.yaml'), '-p', at('idle.yaml')]);
    expect(code).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'sekisho: warning: the exception misspelt has no effect: there is no policy prodction: correct spec.policies',
      'sekisho: warning: the exception unruly has no effect: there is no rule hostPids: correct spec.policies, sekisho explain lists the rules',
      'sekisho: warning: the exception old has no effect: it has expired: remove it, or set a later spec.expiresAt',
      '',
    ]);
  });

  test('needs a policy beside it', async () => {
    writeFileSync(join(folder, 'alone.yaml'), exception('legacy', fromHostPid));
    const { code, stderr } = await run(['check', at('excused.yaml'), '-p', join(folder, 'alone.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('holds no PodPolicy');
  });
});

const hostPid = JSON.stringify(reviewOf(podWith({ hostPID: true })));

test('sekisho review answers as the webhook would: allowed, and which exception made it so', async () => {
  const { code, stdout } = await feed(['review', '-p', at('policy.yaml')], hostPid);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).response).toMatchObject({
    allowed: true,
    auditAnnotations: { exempt: 'legacy: hostNamespaces' },
  });
});

test('sekisho test can expect which exception excuses a finding', async () => {
  const { code, stdout } = await run(['test', at('case.sekisho-test.yaml')]);
  expect(code).toBe(1);
  expect(stdout).toContain('2 cases in 1 file: 1 passed, 1 failed, 0 undecided.');
  expect(stdout).toContain('- hostNamespaces  exception other\n');
  expect(stdout).toContain(
    '+ hostNamespaces  spec.hostPID  Enforce  is true, must be unset or false  [production]  exception legacy\n',
  );
});

describe('sekisho serve', () => {
  async function isAllowed(url: string, ca: string): Promise<boolean> {
    const headers = { 'content-type': 'application/json', 'content-length': hostPid.length };
    const call = request(`${url}/validate?timeout=10s`, { method: 'POST', ca, agent: false, headers });
    call.end(hostPid);
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer) text += chunk;
    return JSON.parse(text).response.allowed;
  }

  test('gives an exception that ends too far away no effect, and says so', async () => {
    const settings = join(folder, 'settings.yaml');
    const serveWith = (text: string) => {
      writeFileSync(settings, text);
      return serve(['--dev', '--dir', folder, '-p', at('policy.yaml'), '--config', settings]);
    };
    const caFile = join(folder, 'ca.crt');
    {
      await using running = await serveWith('exceptions: {maxDuration: 240h}\n');
      expect(await isAllowed(running.url, readFileSync(caFile, 'utf8'))).toBe(false);
      expect(running.lines).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          msg: 'exception has no effect',
          exception: 'legacy',
          reason: 'TooLong',
        }),
      );
    }
    await using running = await serveWith('');
    expect(await isAllowed(running.url, readFileSync(caFile, 'utf8'))).toBe(true);
    expect(running.lines.map(({ msg }) => msg)).not.toContain('exception has no effect');
  });

  test('lets an exception end by itself, to the second', async () => {
    const source = join(folder, 'soon.yaml');
    writeFileSync(source, policy + exception('legacy', fromHostPid));
    await using running = await serve(['--dev', '--dir', folder, '-p', source]);
    const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
    expect(await isAllowed(running.url, ca)).toBe(true);
    const end = Math.ceil(Date.now() / 1_000) * 1_000 + 5_000;
    writeFileSync(source, policy + exception('legacy', fromHostPid, toMoment(end)));
    await running.logged('policies replaced');
    // From here on nothing is read any more: only time passes.
    for (let ended = false; !ended; ) {
      ended = Date.now() >= end;
      const allowed = await isAllowed(running.url, ca);
      if (ended) expect(allowed).toBe(false);
      else if (Date.now() < end) expect(allowed).toBe(true);
    }
  });
});
