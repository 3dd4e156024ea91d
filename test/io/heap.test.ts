import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const heap = join(import.meta.dirname, '..', '..', 'src', 'io', 'heap.ts');

/** In a process of its own: this one's heap is full of tests. */
async function measured(documents: number): Promise<{ readonly before: number; readonly after: number }> {
  const script = `
    import { giveBackMemory } from ${JSON.stringify(heap)};
    let read = Array.from({ length: ${documents} }, (_, index) => JSON.parse(JSON.stringify({ name: 'policy-' + index, list: Array(200).fill(index) })));
    if (read.length !== ${documents}) throw new Error();
    read = undefined;
    const before = process.memoryUsage().heapTotal;
    giveBackMemory();
    console.log(JSON.stringify({ before, after: process.memoryUsage().heapTotal }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

test('what reading left is given back', async () => {
  const { before, after } = await measured(80_000);
  expect(before).toBeGreaterThan(100_000_000);
  expect(after).toBeLessThan(before / 4);
});

test('where little was read nothing is collected', async () => {
  const { before, after } = await measured(10);
  expect(after).toBe(before);
});
