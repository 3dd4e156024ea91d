import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { linkedAbort } from '../../../src/io/cluster/linked-abort.ts';

describe('a linked abort', () => {
  test('comes with the outer signal, also where that came first', () => {
    const outer = new AbortController();
    using before = linkedAbort(outer.signal);
    expect(before.signal.aborted).toBe(false);
    outer.abort();
    using after = linkedAbort(outer.signal);
    expect([before.signal.aborted, after.signal.aborted]).toEqual([true, true]);
  });

  test('comes by itself, and leaves the outer signal alone', () => {
    const outer = new AbortController();
    using link = linkedAbort(outer.signal);
    link.abort();
    expect([link.signal.aborted, outer.signal.aborted]).toEqual([true, false]);
  });

  test('comes when the link is disposed, and the outer signal keeps nothing of it', () => {
    const outer = new AbortController();
    const link = linkedAbort(outer.signal);
    expect(getEventListeners(outer.signal, 'abort')).toHaveLength(1);
    link[Symbol.dispose]();
    expect(link.signal.aborted).toBe(true);
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });
});
