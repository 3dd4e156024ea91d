import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSettings } from '../../src/commands/settings.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function settingsOf(text: string) {
  const file = join(folder, 'settings.yaml');
  await writeFile(file, text);
  return readSettings(file);
}

describe('the settings of an installation', () => {
  test('have defaults for all but the names that the chart gives', async () => {
    expect(await readSettings(undefined)).toEqual({
      maxMode: 'Enforce',
      exceptions: { maxDuration: 7_776_000_000 },
      certs: { caLifetime: 31_536_000_000, leafLifetime: 604_800_000, propagation: 300_000, names: [] },
      workloadKinds: [],
    });
  });

  test('know two languages, and both', async () => {
    for (const language of ['en', 'ja', 'both'])
      expect((await settingsOf(`language: ${language}\n`)).language).toBe(language);
    await expect(settingsOf('language: fr\n')).rejects.toThrow(/settings\.yaml:1:\d+: language: /);
  });

  test.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['2m500ms', 120_500],
    ['250ms', 250],
    ['0s', 0],
  ])('read the duration %s', async (text, milliseconds) => {
    expect((await settingsOf(`shutdownDelay: ${text}\n`)).shutdownDelay).toBe(milliseconds);
  });

  test.each(['10', '""', '5 m', '1.5h', '-1s', 's'])(
    'refuse the duration %s with file, line and field',
    async (text) => {
      await expect(settingsOf(`maxMode: Audit\nshutdownDelay: ${text}\n`)).rejects.toThrow(
        /settings\.yaml:2:\d+: shutdownDelay: /,
      );
    },
  );

  test('name what a section knows when it holds something else', async () => {
    await expect(settingsOf('certs:\n  leaf: 1h\n')).rejects.toThrow(
      'certs.leaf: is not a known setting; there are caLifetime, leafLifetime, propagation, names',
    );
    await expect(settingsOf('exceptions:\n  maxdays: 90\n')).rejects.toThrow(
      /:2:3: exceptions\.maxdays: is not a known setting; there are maxDuration$/,
    );
  });
});
