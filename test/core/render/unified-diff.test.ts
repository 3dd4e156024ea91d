import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unifiedDiff } from '../../../src/core/render/unified-diff.ts';
import { applyEdits } from '../../../src/io/files/text-edits.ts';

const plain = { color: false };
const diffOf = (before: string, edits: readonly { start: number; end: number; text: string }[]): string =>
  unifiedDiff({ file: 'a', before, edits }, plain);

/** What `patch` makes of a text and a diff. */
function patched(before: string, diff: string): string {
  const lines = before.split(/(?<=\n)/).filter((line) => line !== '');
  const result: string[] = [];
  let at = 0;
  const body = diff.split(/(?<=\n)/).slice(2);
  for (const [index, line] of body.entries()) {
    if (line === '') continue;
    const header = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@\n$/.exec(line);
    if (header !== null) {
      const first = Number(header[1]) - (header[2] === '0' ? 0 : 1);
      while (at < first) result.push(lines[at++] ?? '');
      continue;
    }
    if (line.startsWith('\\')) continue;
    const content = body[index + 1]?.startsWith('\\') ? line.slice(1, -1) : line.slice(1);
    if (line.startsWith('+')) result.push(content);
    else {
      expect(lines[at]).toBe(content);
      if (line.startsWith(' ')) result.push(content);
      at++;
    }
  }
  const whole = [...result, ...lines.slice(at)];
  for (const line of whole.slice(0, -1)) expect(line.endsWith('\n')).toBe(true);
  return whole.join('');
}

describe('a unified diff', () => {
  test('shows three lines around a change', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
    expect(diffOf(before, [{ start: 8, end: 9, text: 'E' }])).toBe(
      '--- a\n+++ a\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n',
    );
  });

  test('says where a file has no last line break', () => {
    expect(diffOf('a\nb', [{ start: 3, end: 3, text: '\nc' }])).toBe(
      '--- a\n+++ a\n@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of file\n',
    );
  });

  test('of changes side by side shows first what goes', () => {
    const edits = [
      { start: 0, end: 1, text: 'A' },
      { start: 2, end: 3, text: 'B' },
    ];
    expect(diffOf('a\nb\nc\n', edits)).toBe('--- a\n+++ a\n@@ -1,3 +1,3 @@\n-a\n-b\n+A\n+B\n c\n');
  });

  test('applied to the text gives the edited one', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '\n', '\r\n', '\n\n'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    const cuts = fc.array(
      fc.record({ at: fc.nat(), length: fc.nat(3), text: fc.constantFrom('', 'x', '\n', 'y\nz', '\r\n') }),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(text, cuts, (before, wanted) => {
        let free = 0;
        const edits = wanted
          .map(({ at, length, text: added }) => ({ start: at % (before.length + 1), length, added }))
          .sort((a, b) => a.start - b.start)
          .flatMap(({ start, length, added }) => {
            if (start < free) return [];
            const end = Math.min(start + length, before.length);
            free = end + 1;
            return [{ start, end, text: added }];
          });
        expect(patched(before, diffOf(before, edits))).toBe(applyEdits(before, edits));
      }),
      { numRuns: 2000 },
    );
  });
});
