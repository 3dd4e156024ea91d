import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../admission-requests.ts';
import { feed } from './feeding-sekisho.ts';
import { program, run } from './running-sekisho.ts';

const policy = ['-p', 'builtin:restricted'];

function review(uid: string, spec: object = {}): { request: object } {
  const made = reviewOf({ ...minimalPod, spec: { ...minimalPod.spec, ...spec } }) as { request: object };
  return { ...made, request: { ...made.request, uid } };
}

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly message: string };
}

function responses(stdout: string): readonly Response[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { apiVersion, kind, response } = JSON.parse(line) as {
        apiVersion: string;
        kind: string;
        response: Response;
      };
      expect([apiVersion, kind]).toEqual(['admission.k8s.io/v1', 'AdmissionReview']);
      return response;
    });
}

const verdicts = (stdout: string): readonly string[] =>
  responses(stdout).map(({ uid, allowed, status }) => `${uid}: ${allowed ? 'allowed' : status?.code}`);

const good = JSON.stringify(review('good'));
const bad = JSON.stringify(review('bad', { hostPID: true }));

describe('sekisho review', () => {
  test('answers every review on a line of its own, in order, and exits 0 whatever the verdicts', async () => {
    const { code, stdout, stderr } = await feed(['review', ...policy], `${good}\n${bad}\n${good}\n`);
    expect(verdicts(stdout)).toEqual(['good: allowed', 'bad: 403', 'good: allowed']);
    expect(responses(stdout)[1]?.status?.message).toContain('spec.hostPID');
    expect([code, stderr]).toEqual([0, '']);
  });

  test('reads reviews in any layout', async () => {
    const pretty = JSON.stringify(review('pretty', { hostPID: true }), null, 2);
    const { code, stdout } = await feed(['review', ...policy], `\ufeff${pretty}\r\n${good}${bad}\n\n${pretty}`);
    expect(verdicts(stdout)).toEqual(['pretty: 403', 'good: allowed', 'bad: 403', 'pretty: 403']);
    expect(code).toBe(0);
  });

  test('answers a broken document with code 400, and the others all the same', async () => {
    const cut = bad.slice(0, bad.indexOf('"object"'));
    const lines = [
      good,
      'oops',
      cut,
      '{"apiVersion":"v1","kind":"Pod","request":{"uid":"7"}}',
      '[]',
      '{"request":{"uid":7}}',
      bad,
    ];
    const { code, stdout, stderr } = await feed(['review', ...policy], lines.join('\n'));
    expect(verdicts(stdout)).toEqual(['good: allowed', ': 400', 'bad: 400', '7: 400', ': 400', ': 400', 'bad: 403']);
    expect(responses(stdout)[1]?.status?.message).toBe('not JSON: has "o" where a value must stand, at character 0');
    expect(stderr).toContain('sekisho: line 2: not JSON');
    expect(stderr).toContain('sekisho: line 4: not an AdmissionReview: apiVersion must be admission.k8s.io/v1');
    expect(code).toBe(2);
  });

  test('echoes what a broken document holds as it was, also the character that stands for a cross of ours', async () => {
    const document = '{"apiVersion":"v1","kind":"Pod","request":{"uid":"a\x7fb"}}';
    const { stdout } = await feed(['review', ...policy], `${document}\n\x7f`);
    expect(verdicts(stdout)).toEqual(['a\x7fb: 400', ': 400']);
    expect(responses(stdout)[1]?.status?.message).toContain('has "\x7f" where a value must stand');
  });

  test('loses nothing behind a pretty-printed review that was cut off', async () => {
    const cut = JSON.stringify(review('cut'), null, 2).split('\n').slice(0, -8).join('\n');
    const { code, stdout } = await feed(
      ['review', ...policy],
      `${cut}\n${JSON.stringify(review('next'), null, 2)}\n${bad}`,
    );
    expect(verdicts(stdout)).toEqual(['cut: 400', 'next: allowed', 'bad: 403']);
    expect(code).toBe(2);
  });

  test('answers at once, while its input stays open', async () => {
    const child = spawn(program, ['review', ...policy], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(bad);
    expect(verdicts((await lines.next()).value ?? '')).toEqual(['bad: 403']);
    child.stdin.end(good);
    expect(verdicts((await lines.next()).value ?? '')).toEqual(['good: allowed']);
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  test('takes what is hostile: depth, bytes that are no UTF-8, names like __proto__, a million brackets', async () => {
    const deep = good.replace('"containers"', `"x":${'['.repeat(60_000)}${']'.repeat(60_000)},"containers"`);
    const proto = good.replace('"containers"', '"__proto__":{"hostPID":true},"containers"');
    const input = Buffer.concat([
      Buffer.from(`${deep}\n${proto}\n`),
      Buffer.of(0xff, 0xfe, 0x0a),
      Buffer.from(`${'['.repeat(1e6)}\n${bad}\n`),
    ]);
    const { code, stdout } = await feed(['review', ...policy], input);
    expect(verdicts(stdout)).toEqual(['good: allowed', 'good: allowed', ': 400', ': 400', 'bad: 403']);
    expect(code).toBe(2);
  });

  test('nothing in, nothing out', async () => {
    expect(await feed(['review', ...policy], '\n')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('speaks the language that is asked for', async () => {
    const { stdout } = await feed(['--lang', 'ja', 'review', ...policy], bad);
    expect(responses(stdout)[0]?.status?.message).toContain('未設定か false でなければなりません');
  });

  test('without a policy, or with one that cannot be read, it exits 2 and says so', async () => {
    const missing = await run(['review']);
    expect([missing.code, missing.stdout]).toEqual([2, '']);
    expect(missing.stderr).toContain('--policy is missing');
    expect((await run(['review', '-p', 'builtin:none'])).code).toBe(2);
  });

  test('a reader that has seen enough stops it', async () => {
    const child = spawn(program, ['review', ...policy], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${bad}\n`.repeat(20_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child, 'close');
  });
});
