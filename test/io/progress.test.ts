import { describe, expect, test } from 'vitest';
import { createProgress } from '../../src/io/progress.ts';

function shown(all: number, isTTY: boolean, environment: Readonly<Record<string, string>> = {}): string {
  let text = '';
  const stream = { isTTY, write: (more: string) => (text += more) };
  const progress = createProgress(all, { stream, environment });
  for (let done = 0; done < all; done++) progress.step(done);
  progress.end();
  progress.clear();
  progress.step(0);
  return text;
}

describe('progress', () => {
  test('is one line that overwrites itself, and is gone at the end', () => {
    const text = shown(1_000, true);
    expect(text.startsWith('\r0/1000\r100/1000\r200/1000')).toBe(true);
    expect(text.endsWith('\r900/1000\r\u001b[K')).toBe(true);
  });

  test('goes out of the way of what else is printed, and comes back', () => {
    let text = '';
    const stream = { isTTY: true, write: (more: string) => (text += more) };
    const progress = createProgress(1_000, { stream, environment: {} });
    progress.step(100);
    progress.clear();
    text += 'broken\n';
    progress.step(200);
    expect(text).toBe('\r100/1000\r\u001b[Kbroken\n\r200/1000');
  });

  test('is for a person who waits: not for few files, not in a pipe, a CI or a terminal that cannot', () => {
    expect(shown(500, true)).toBe('');
    expect(shown(1_000, false)).toBe('');
    expect(shown(1_000, true, { CI: 'true' })).toBe('');
    expect(shown(1_000, true, { TERM: 'dumb' })).toBe('');
    expect(shown(1_000, true, { CI: 'false', TERM: 'xterm', NO_COLOR: '1' })).not.toBe('');
  });
});
