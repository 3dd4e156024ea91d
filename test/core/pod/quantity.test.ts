import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  isMoreThanTimes,
  parseQuantity,
  type Quantity,
  readQuantity,
} from '../../../src/core/pod/quantity.ts';
import { formatQuantity } from '../../../src/core/pod/quantity-text.ts';

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (parsed === undefined) throw new Error(`${text} is no quantity`);
  return parsed;
}

const nano = (text: string): bigint | undefined => parseQuantity(text)?.nano;
const one = 1_000_000_000n;
const largest = ((1n << 63n) - 1n) * one;

test.each<[string, bigint]>([
  ['0', 0n],
  ['100m', one / 10n],
  ['128Mi', 128n * 2n ** 20n * one],
  ['1e3', 1_000n * one],
  ['1E3', 1_000n * one],
  ['1E', 10n ** 18n * one],
  ['.5', one / 2n],
  ['5.', 5n * one],
  ['1.5Gi', 3n * 2n ** 29n * one],
  ['-1', -one],
  ['+1', one],
  ['1e99', 10n ** 99n * one],
  ['0.1n', 1n],
  ['-0.1n', -1n],
  ['1.0000000001', one + 1n],
  ['9Ei', largest],
  ['-9Ei', -largest],
  ['10E', 10n ** 19n * one],
  // Nothing but a sign, a point or a suffix is 0 where it would fit in 64 bits.
  ['-', 0n],
  ['.', 0n],
  ['T', 0n],
  ['Ti', 0n],
  ['.e-9', 0n],
  // `int32(parsed)`
  ['1e4294967296', one],
  ['1e4294967298', 100n * one],
])('%s is what upstream makes of it', (text, expected) => {
  expect(nano(text)).toBe(expected);
});

test.each([
  '',
  ' 1',
  '1 ',
  '1K',
  '1KB',
  '1mi',
  '0x10',
  'NaN',
  'Infinity',
  '1_000',
  '1,5',
  '--1',
  '+-1',
  '1e',
  '1e+',
  '1e1.5',
  '1e9223372036854775808',
  '1e1m',
  '1.2.3',
  '1-3',
  'Pi',
  '.e-10',
  '１',
  '1Ｍi',
  'm1',
  '1m1',
  'true',
])('%j is none, and not 0', (text) => {
  expect(parseQuantity(text)).toBeUndefined();
  expect(parseQuantity(text), 'asked again').toBeUndefined();
});

describe('a quantity in JSON', () => {
  test('may be a number, null, and have blanks around it', () => {
    expect(readQuantity(2)?.nano).toBe(2n * one);
    expect(readQuantity(1.5)?.nano).toBe((3n * one) / 2n);
    expect(readQuantity(1e21)?.nano).toBe(10n ** 21n * one);
    expect(readQuantity(1e-7)?.nano).toBe(100n);
    expect(readQuantity(null)?.nano).toBe(0n);
    expect(readQuantity(' \u00a0 1Gi\u3000')?.nano).toBe(2n ** 30n * one);
  });

  const others = [Number.NaN, Number.POSITIVE_INFINITY, true, undefined, [], ['1'], {}, '\t1', '1\n', ' ', '1\u00001'];
  test.each(others.map((value) => [value]))('is not %j', (value) => {
    expect(readQuantity(value)).toBeUndefined();
  });
});

describe('work is bounded', () => {
  test('whatever the exponent says', () => {
    expect(compareQuantities(quantity('1e999999999'), quantity('9999E'))).toBeGreaterThan(0);
    expect(compareQuantities(quantity('-1e999999999'), quantity('0'))).toBeLessThan(0);
    expect(nano('1e-999999999')).toBe(1n);
    expect(nano(`1${'0'.repeat(30)}e-2147483648`)).toBe(1n);
    expect(formatQuantity(addQuantities(quantity('1e999999999'), quantity('1'))).length).toBeLessThan(10_000);
  });

  test('with a megabyte of digits, exactly', () => {
    const zeros = '0'.repeat(1_000_000);
    expect(nano(`${zeros}1`)).toBe(one);
    expect(nano(`0.${zeros}1`)).toBe(1n);
    expect(nano(`1.${zeros}`)).toBe(one);
    expect(nano(`1.${zeros}1Ki`)).toBe(1024n * one + 1n);
    expect(nano(`1${zeros}e-1000000`)).toBe(one);
    expect(nano(`1e${zeros}3`)).toBe(1_000n * one);
    expect(nano(`${'9'.repeat(1_000_000)}Ki`)).toBe(largest);
    expect(compareQuantities(quantity(`1${zeros}`), quantity('1e99'))).toBeGreaterThan(0);
    expect(parseQuantity(`${zeros}x`)).toBeUndefined();
    expect(readQuantity(`${' '.repeat(1_000_000)}x`)).toBeUndefined();
  });

  test('what was read is forgotten before it is too much', () => {
    for (let i = 0; i < 5_000; i++) expect(nano(`${i}m`)).toBe(BigInt(i) * 1_000_000n);
  });
});

const decimals: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaries: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const digits = (most: number) =>
  fc.array(fc.constantFrom(...'0123456789'), { minLength: 1, maxLength: most }).map((all) => all.join(''));
const mantissa = fc.record({
  sign: fc.constantFrom('', '+', '-'),
  whole: digits(24),
  fraction: fc.option(digits(24), { nil: '' }),
});

/** The exact fraction, rounded away from zero. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

describe('any quantity', () => {
  test('with a suffix of ten is its digits times that, rounded up to billionths', () => {
    const suffix = fc.oneof(
      fc.constantFrom(...Object.keys(decimals)),
      fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(60)).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(mantissa, suffix, ({ sign, whole, fraction }, text) => {
        const exponent = decimals[text] ?? Number(text.slice(1));
        const scale = exponent - fraction.length + 9;
        const value = BigInt(whole + fraction);
        const expected = scale >= 0 ? value * 10n ** BigInt(scale) : rounded(value, 10n ** BigInt(-scale));
        expect(nano(`${sign}${whole}.${fraction}${text}`)).toBe(sign === '-' ? -expected : expected);
      }),
    );
  });

  test('with a suffix of two is its digits times that, rounded up to billionths, and at most what 64 bits hold', () => {
    fc.assert(
      fc.property(mantissa, fc.constantFrom(...Object.keys(binaries)), ({ sign, whole, fraction }, suffix) => {
        const value = BigInt(whole + fraction) * 2n ** BigInt(binaries[suffix] ?? 0) * one;
        const exact = rounded(value, 10n ** BigInt(fraction.length));
        const expected = exact > largest ? largest : exact;
        expect(nano(`${sign}${whole}.${fraction}${suffix}`)).toBe(sign === '-' ? -expected : expected);
      }),
    );
  });

  const any = fc
    .tuple(mantissa, fc.constantFrom(...Object.keys(decimals), ...Object.keys(binaries), 'e5', 'E-2'))
    .map(([{ sign, whole, fraction }, suffix]) => `${sign}${whole}.${fraction}${suffix}`);

  test('is the same once it is printed and read again', () => {
    fc.assert(
      fc.property(any, (text) => {
        const parsed = quantity(text);
        expect(nano(formatQuantity({ ...parsed, text: undefined }))).toBe(parsed.nano);
        expect(formatQuantity(quantity(formatQuantity(parsed)))).toBe(formatQuantity(parsed));
      }),
    );
  });

  test('is ordered, added and multiplied as its value is', () => {
    const near = fc.tuple(any, fc.bigInt(-2n, 2n)).map(([text, more]): [Quantity, Quantity] => {
      const a = quantity(text);
      const b = { ...a, nano: a.nano + more };
      return [a, { ...b, about: Number(b.nano) }];
    });
    const pairs = fc.oneof(near, fc.tuple(any.map(quantity), any.map(quantity)));
    fc.assert(
      fc.property(pairs, any.map(quantity), ([a, b], times) => {
        expect(Math.sign(compareQuantities(a, b))).toBe(a.nano < b.nano ? -1 : Number(a.nano > b.nano));
        expect(addQuantities(a, b).nano).toBe(a.nano + b.nano);
        expect(isMoreThanTimes(a, times, b)).toBe(a.nano * one > times.nano * b.nano);
      }),
    );
  });

  test('that is any text is read without an error, and the same twice', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...'+-.0123456789eEinumkKMGTP'), { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (each) => {
        expect(parseQuantity(each)).toEqual(parseQuantity(each));
      }),
    );
  });
});
