import { describe, expect, test } from 'vitest';
import {
  bundlePatch,
  encodeBundle,
  missingEntries,
  parseWebhookState,
} from '../../../src/io/certificates/ca-bundle.ts';
import { createReadBack } from '../../../src/io/certificates/read-back.ts';
import { configuration } from './certificate-cluster.ts';

const { entry } = configuration;

function stateOf(...webhooks: object[]) {
  const object = configuration(...webhooks);
  return parseWebhookState({ ...object, metadata: { ...object.metadata, resourceVersion: '7' } });
}

describe('the live configuration', () => {
  test('is read for entries of ours, wherever they stand', () => {
    const state = stateOf(entry('a.example.com'), entry('policies.sekisho.dev', 'AAAA'), entry('sekisho.dev.evil.io'));
    const { entries, generation } = state;
    expect(entries).toEqual([{ index: 1, name: 'policies.sekisho.dev', caBundle: 'AAAA', certificates: [] }]);
    expect([missingEntries(state, ['pods.sekisho.dev']), generation]).toEqual([['pods.sekisho.dev'], 1]);
  });

  test('may have no webhooks at all', () => {
    const object = { metadata: { uid: 'u', resourceVersion: '7', generation: 2 } };
    expect(parseWebhookState(object).entries).toEqual([]);
    expect(missingEntries(parseWebhookState(object), ['pods.sekisho.dev'])).toEqual(['pods.sekisho.dev']);
  });

  test.each([undefined, null, 'text', {}, { metadata: {} }, { ...configuration(), webhooks: [{}] }])(
    'that is %j is refused',
    (object) => {
      expect(() => parseWebhookState(object)).toThrow(/cannot be read/);
    },
  );
});

describe('the patch of the caBundle', () => {
  test('holds for the version that was read and the entry that was meant, and adds one field', () => {
    const state = stateOf(entry('a.example.com'), entry('pods.sekisho.dev'), entry('policies.sekisho.dev', 'AAAA'));
    const value = encodeBundle(['one\n', 'two\n']);
    expect(Buffer.from(value, 'base64').toString()).toBe('one\ntwo\n');
    expect(bundlePatch(state, ['one\n', 'two\n'])).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'test', path: '/webhooks/1/name', value: 'pods.sekisho.dev' },
      { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value },
      { op: 'test', path: '/webhooks/2/name', value: 'policies.sekisho.dev' },
      { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value },
    ]);
  });

  test('leaves entries that are right alone', () => {
    const right = encodeBundle(['one\n']);
    const patch = bundlePatch(stateOf(entry('pods.sekisho.dev', right), entry('b.sekisho.dev', 'AAAA')), ['one\n']);
    expect(patch.map(({ path }) => path)).toEqual([
      '/metadata/resourceVersion',
      '/webhooks/1/name',
      '/webhooks/1/clientConfig/caBundle',
    ]);
  });

  test('never writes an empty bundle', () => {
    expect(() => bundlePatch(stateOf(entry('pods.sekisho.dev')), [])).toThrow(/empty/);
  });
});

describe('what was read back', () => {
  const reading = (generation: number, ...entries: readonly (readonly string[])[]) => ({
    uid: 'one',
    resourceVersion: String(generation),
    generation,
    entries: entries.map((certificates, index) => ({ index, name: `${index}`, caBundle: '', certificates })),
  });

  test('counts from the first of the readings that all held a certificate, in every entry', () => {
    const readBack = createReadBack();
    readBack.observe(reading(1, ['old'], ['old', 'new']), 10);
    expect([readBack.since('old'), readBack.since('new')]).toEqual([10, undefined]);
    readBack.observe(reading(2, ['old', 'new'], ['old', 'new']), 20);
    readBack.observe(reading(2, ['old', 'new'], ['old', 'new']), 30);
    expect([readBack.since('old'), readBack.since('new')]).toEqual([10, 20]);
  });

  test.each([
    ['a version that lacked it', reading(2, [])],
    ['no configuration', undefined],
    ['no entry', reading(2)],
    ['a version that was not seen', reading(3, ['old'])],
    ['another configuration of the name', { ...reading(1, ['old']), uid: 'two' }],
  ])('counts anew after %s', (_what, between) => {
    const readBack = createReadBack();
    readBack.observe(reading(1, ['old']), 10);
    readBack.observe(between, 20);
    readBack.observe(
      between === undefined ? reading(3, ['old']) : { ...between, entries: reading(3, ['old']).entries },
      30,
    );
    expect(readBack.since('old')).toBeGreaterThan(10);
  });
});
