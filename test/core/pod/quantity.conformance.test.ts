import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseQuantity } from '../../../src/core/pod/quantity.ts';
import { formatQuantity } from '../../../src/core/pod/quantity-text.ts';

/** Answers of `resource.ParseQuantity`, see the README beside them. They belong to no repository: a clone may lack them. */
const file = join(import.meta.dirname, '../../../../shared/conformance/quantities.ndjson');

interface Line {
  readonly input: string;
  readonly valid: boolean;
  readonly canonical?: string;
  readonly decimal?: string;
}

/** Exact: plain digits in billionths. */
function nanoOf(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.replace('-', '').split('.');
  if (fraction.length > 9) throw new Error(`${decimal} is finer than a billionth`);
  const magnitude = BigInt(whole + fraction.padEnd(9, '0'));
  return decimal.startsWith('-') ? -magnitude : magnitude;
}

test.skipIf(!existsSync(file))('every quantity of the reference is valid, worth and printed as upstream says', () => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(1_500);
  const disagreements = lines.flatMap((text) => {
    const { input, valid, canonical, decimal } = JSON.parse(text) as Line;
    const quantity = parseQuantity(input);
    const ours = quantity === undefined ? 'invalid' : `${quantity.nano} ${formatQuantity(quantity)}`;
    const theirs = valid ? `${nanoOf(decimal ?? '')} ${canonical}` : 'invalid';
    return ours === theirs ? [] : [`${input}: ${ours} instead of ${theirs}`];
  });
  expect(disagreements).toEqual([]);
});
