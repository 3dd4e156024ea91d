import { expect, test } from 'vitest';
import { outdatedFiles } from '../scripts/generate.ts';

test('index and pages of the rules are what the generator writes', async () => {
  expect(await outdatedFiles()).toEqual([]);
});
