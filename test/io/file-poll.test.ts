import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { pollFiles } from '../../src/io/file-poll.ts';

test('looks are asked for all at once and happen one after the other', async () => {
  const seen: string[] = [];
  let looks = 0;
  using polling = pollFiles(async () => {
    const look = ++looks;
    seen.push(`${look} begins`);
    // The earlier, the slower: an older look would end after a newer one.
    await wait(30 / look);
    seen.push(`${look} ends`);
  });
  await Promise.all([polling.poll(), polling.poll(), polling.poll()]);
  expect(seen).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
});

test('ticks do not queue up behind a look that takes long', async () => {
  let looks = 0;
  const slow = Promise.withResolvers<void>();
  using polling = pollFiles(() => {
    looks++;
    return slow.promise;
  });
  const long = polling.poll();
  await wait(2_500);
  slow.resolve();
  await long;
  expect(looks).toBe(1);
});
