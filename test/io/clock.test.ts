import { expect, test } from 'vitest';
import { systemClock } from '../../src/io/clock.ts';

test('a sleep lasts its time, or until its signal aborts', async () => {
  const started = systemClock.monotonic();
  await systemClock.sleep(50);
  // A timer may ring a millisecond early.
  expect(systemClock.monotonic() - started).toBeGreaterThan(48);
  const stop = new AbortController();
  const cut = systemClock.sleep(3_600_000, stop.signal);
  stop.abort();
  await cut;
  await systemClock.sleep(3_600_000, stop.signal);
});
