import { z } from 'zod';

const milliseconds = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/**
 * A duration as Go writes it, in whole units: `1h30m`, `10s`, `500ms`; milliseconds once parsed. The pattern also stands
 * in the schema of the chart's values, which Helm matches by RE2: no look-ahead.
 */
export const duration = z
  .string()
  .max(32)
  .regex(/^(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?(?:\d{1,9}ms)?$/, 'must be a duration like 10s, 5m or 1h30m')
  .min(1, 'must be a duration like 10s, 5m or 1h30m')
  .meta({ title: 'duration' })
  .transform((text) =>
    [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * milliseconds[unit as keyof typeof milliseconds],
      0,
    ),
  );
