import { describe, expect, test } from 'vitest';
import { minimalPod } from '../../../src/core/rules/minimal-pod.ts';
import { excessOf, uidInHead } from '../../../src/io/server/body-guard.ts';
import { reviewOf } from '../../admission-requests.ts';
import { send, startWebhook, verdictOf } from './running-webhook.ts';

const uid = '705ab4f5-6393-11e8-b7cc-42010a800002';
const head = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"${uid}",`;
const padding = `"padding":"${' '.repeat(130 * 1024)}",`;
const list = (item: string, length: number): string => `[${Array(length).fill(item).join(',')}]`;

describe('the scan of a large body', () => {
  test('passes 200 levels and stops at 201', () => {
    expect(excessOf(Buffer.from(`{${padding}"a":${'['.repeat(199)}${']'.repeat(199)}}`))).toBeUndefined();
    expect(excessOf(Buffer.from(`{${padding}"a":${'{"b":'.repeat(200)}1`))).toBe('nested too deeply');
  });

  test('takes no bracket, comma or quote inside a string for structure', () => {
    const text = JSON.stringify({ text: '[{",\\'.repeat(200_000), after: '\\' });
    expect(excessOf(Buffer.from(text))).toBeUndefined();
    expect(excessOf(Buffer.from(`{"a":"${'\\"['.repeat(100_000)}`)), 'a string that never ends').toBeUndefined();
  });

  test.each([
    ['{}', 499_000, undefined],
    ['{}', 501_000, 'too many values'],
    ['[]', 501_000, 'too many values'],
    ['1', 501_000, 'too many values'],
    ['{"a":1}', 260_000, 'too many values'],
    ['[[]]', 260_000, 'too many values'],
  ])('counts values: %s × %i is %s', (item, length, excess) => {
    expect(excessOf(Buffer.from(list(item, length)))).toBe(excess);
  });

  test('leaves small bodies to the engine', () => {
    expect(excessOf(Buffer.from('['.repeat(128 * 1024)))).toBeUndefined();
  });

  test('passes an update whose objects are 3 MiB of managed fields each', () => {
    const names = (length: number, text: string, value: unknown) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [text.replace('N', String(i)), value]));
    const env = names(10, 'k:{"name":"VN"}', { '.': {}, 'f:name': {}, 'f:value': {} });
    const container = {
      '.': {},
      'f:image': {},
      'f:name': {},
      'f:resources': { '.': {}, 'f:limits': {} },
      'f:env': env,
    };
    const fields = JSON.stringify({ 'f:containers': names(4_900, 'k:{"name":"cN"}', container) });
    expect(fields.length).toBeGreaterThan(3 * 1024 * 1024);
    expect(excessOf(Buffer.from(`{"object":${fields},"oldObject":${fields}}`))).toBeUndefined();
  });

  test('and the parsing of what it passes block the event loop for well under a second', () => {
    const shapes = [
      list('{}', 499_000),
      JSON.stringify(Object.fromEntries(Array.from({ length: 490_000 }, (_, i) => [`key${i}`, 1]))),
      JSON.stringify(Array.from({ length: 490_000 }, (_, i) => `value${i}`)),
    ];
    for (const shape of shapes) {
      const body = Buffer.from(shape);
      const started = performance.now();
      expect(excessOf(body)).toBeUndefined();
      JSON.parse(body.toString());
      expect(performance.now() - started).toBeLessThan(1_500);
    }
  });
});

describe('the uid of a body that is not parsed', () => {
  test('is read where the API server writes it', () => {
    expect(uidInHead(Buffer.from(`${head}"kind":{`))).toBe(uid);
  });

  test.each([
    head.replace(uid, ''),
    head.replace(uid, 'a'.repeat(65)),
    head.replace(uid, 'a\\"b'),
    ` ${head}`,
    head.replace('v1"', 'v1beta1"'),
    `{"a":${head}}`,
    '',
  ])('is not guessed from anything else: %j', (text) => {
    expect(uidInHead(Buffer.from(text))).toBeUndefined();
  });
});

describe('over the wire', () => {
  const deep = `${head}${padding}"object":${'['.repeat(70_000)}${']'.repeat(70_000)}}}`;
  const many = `${head}"object":${list('{}', 2_900_000)}}}`;

  test.each([
    ['deep', deep, /nested too deeply/],
    ['8.6 MiB of {}', many, /too many values/],
  ])('what is %s is denied with its uid', async (_what, body, message) => {
    await using webhook = await startWebhook();
    const answer = await send(webhook.port, { body });
    expect(answer.status).toBe(200);
    expect(verdictOf(answer)).toMatchObject({ uid, allowed: false, status: { code: 403, reason: 'Forbidden' } });
    expect(verdictOf(answer).status?.message).toMatch(message);
    expect(webhook.lines).toContainEqual(expect.objectContaining({ level: 'warn', uid, msg: 'not judged' }));
  });

  test('the same is allowed under a ceiling below Enforce, with a warning and an audit annotation', async () => {
    await using webhook = await startWebhook({ ceiling: 'Warn' });
    const message = expect.stringContaining('nested too deeply');
    expect(verdictOf(await send(webhook.port, { body: deep }))).toEqual({
      uid,
      allowed: true,
      warnings: [message],
      auditAnnotations: { error: message },
    });
  });

  test('gets HTTP 400 where nobody can tell its uid', async () => {
    await using webhook = await startWebhook();
    expect((await send(webhook.port, { body: deep.slice(1) })).status).toBe(400);
  });

  test('a large ordinary review is judged', async () => {
    await using webhook = await startWebhook();
    const pod = { ...minimalPod, metadata: { name: 'x', annotations: { a: '{['.repeat(100_000) } } };
    expect(verdictOf(await send(webhook.port, { body: JSON.stringify(reviewOf(pod)) })).allowed).toBe(true);
  });
});
