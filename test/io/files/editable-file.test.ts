import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEditableFile, writeEdited } from '../../../src/io/files/editable-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-editable-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('writing a file that was read', () => {
  test('is refused where somebody else wrote it meanwhile', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'a: 1\n');
    const read = readEditableFile(file);
    appendFileSync(file, 'b: 2\n');
    expect(() => writeEdited(read, 'a: 3\n')).toThrow('cannot be written: it was changed meanwhile');
    expect(readFileSync(file, 'utf8')).toBe('a: 1\nb: 2\n');
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  test('is refused where it is gone', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'a: 1\n');
    const read = readEditableFile(file);
    rmSync(file);
    expect(() => writeEdited(read, 'a: 3\n')).toThrow('cannot be written');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('keeps the mark at its beginning', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, '\ufeffa: 1\n');
    const read = readEditableFile(file);
    expect(read.text).toBe('a: 1\n');
    writeEdited(read, 'a: 2\n');
    expect(readFileSync(file, 'utf8')).toBe('\ufeffa: 2\n');
  });
});
