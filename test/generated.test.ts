import { expect, test } from 'vitest';
import { outdatedFiles } from '../scripts/generate.ts';

test('index and pages of the rules, and what the chart says of its values, are what the generator writes', async () => {
  expect(await outdatedFiles()).toEqual([]);
});
