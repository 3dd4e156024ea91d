/**
 * An amount of a resource, as Kubernetes' `resource.Quantity` has it. The grammar and its oddities are those of
 * k8s.io/apimachinery v0.37.1, pkg/api/resource (quantity.go, suffix.go): `-`, `.` and `T` are 0, `1.G` is 1 G, `Ei` is
 * nothing, the exponent is cut to 32 bits. Never a floating point number.
 */
export interface Quantity {
  /** The value in billionths, the finest that upstream keeps: what is finer was rounded away from zero. */
  readonly nano: bigint;
  /** About the same, which tells most apart and costs a tenth. */
  readonly about: number;
  readonly format: QuantityFormat;
  /** As it was written, where upstream prints it so. */
  readonly text: string | undefined;
}

/** How a quantity was written, and how sums with it are printed. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export const zeroQuantity: Quantity = { nano: 0n, about: 0, format: 'DecimalSI', text: '0' };

/** What was read, also that it is none. Bounded: whoever writes pods chooses the texts. */
const known = new Map<string, Quantity | undefined>();
const mostKnown = 1_000;
/** So short that V8 has copied it: of a longer text it may keep all that it was cut from. */
const longestKnown = 12;

/** `ParseQuantity`; undefined where it is none. The work is in proportion to the length, whatever the exponent says. */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > longestKnown) return parse(text);
  const remembered = known.get(text);
  if (remembered !== undefined || known.has(text)) return remembered;
  if (known.size >= mostKnown) known.clear();
  const read = parse(text);
  known.set(text, read);
  return read;
}

/**
 * `UnmarshalJSON`: null is 0, a number counts as it is written, blanks around are no harm. A control character stands
 * escaped in JSON, and upstream does not undo that. Of what was a number only what JavaScript keeps of it is left; the API
 * server hands out text.
 */
export function readQuantity(value: unknown): Quantity | undefined {
  if (typeof value === 'string') return parseQuantity(value) ?? parseTrimmed(value);
  if (typeof value === 'number') return parseQuantity(String(value));
  return value === null ? zeroQuantity : undefined;
}

/** Less than 0 where `a` is less, more than 0 where it is more. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const difference = a.about - b.about;
  // What doubles round off is less than this, and what is no number is not.
  if (Math.abs(difference) > (Math.abs(a.about) + Math.abs(b.about)) * 1e-12) return difference;
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** The sum, to be printed like the first that is not 0. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return quantity(a.nano + b.nano, a.nano === 0n ? b.format : a.format);
}

/** Whether `a` is more than `b` so many times. */
export function isMoreThanTimes(a: Quantity, times: Quantity, b: Quantity): boolean {
  const [left, right] = [a.about * 1e9, times.about * b.about];
  if (Math.abs(left - right) > (Math.abs(left) + Math.abs(right)) * 1e-12) return left > right;
  return a.nano * perUnit > times.nano * b.nano;
}

function parseTrimmed(text: string): Quantity | undefined {
  let start = 0;
  let end = text.length;
  while (start < end && blank.test(text.charAt(start))) start++;
  while (end > start && blank.test(text.charAt(end - 1))) end--;
  return end - start === text.length ? undefined : parseQuantity(text.slice(start, end));
}

/** What of Go's `unicode.IsSpace` can stand in JSON as it is. */
const blank = /[\u0085\p{Zs}]/u;

interface Suffix {
  readonly format: QuantityFormat;
  /** Of 2 in BinarySI, else of 10. */
  readonly exponent: number;
}

const decimalSuffixes = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const suffixes: ReadonlyMap<string, Suffix> = new Map<string, Suffix>([
  ...Object.entries(decimalSuffixes).map(([text, exponent]) => [text, { format: 'DecimalSI', exponent }] as const),
  ...Object.entries(binarySuffixes).map(([text, exponent]) => [text, { format: 'BinarySI', exponent }] as const),
]);

/** A number before its suffix. */
interface Mantissa {
  readonly negative: boolean;
  /** Without zeros in front, but never empty. */
  readonly whole: string;
  readonly fraction: string;
  /** Whether there was a digit at all: upstream asks only where the number does not fit in 64 bits. */
  readonly hasDigits: boolean;
}

function parse(text: string): Quantity | undefined {
  if (text === '') return undefined;
  if (text === '0') return zeroQuantity;
  const negative = text[0] === '-';
  const start = negative || text[0] === '+' ? 1 : 0;
  const zeros = skip(text, start, isZero);
  // Nothing but a sign and zeros, also no zeros, is 0 upstream.
  if (zeros === text.length) return quantity(0n, 'DecimalSI');
  const point = skip(text, zeros, isDigit);
  const hasFraction = text[point] === '.';
  const end = hasFraction ? skip(text, point + 1, isDigit) : point;
  const fraction = hasFraction ? text.slice(point + 1, end) : '';
  const whole = point > zeros ? text.slice(zeros, point) : '0';
  const suffix = parseSuffix(text.slice(end));
  if (suffix === undefined) return undefined;
  const mantissa = { negative, whole, fraction, hasDigits: point > start || fraction !== '' };
  return suffix.format === 'BinarySI' ? binary(mantissa, suffix, text) : decimal(mantissa, suffix, text);
}

function parseSuffix(text: string): Suffix | undefined {
  const suffix = suffixes.get(text);
  if (suffix !== undefined) return suffix;
  if (text[0] !== 'e' && text[0] !== 'E') return undefined;
  const exponent = parseExponent(text);
  return exponent === undefined ? undefined : { format: 'DecimalExponent', exponent };
}

/** `int32(strconv.ParseInt(…, 10, 64))`: what 64 bits cannot hold is refused, of the rest the low 32 bits count. */
function parseExponent(text: string): number | undefined {
  const negative = text[1] === '-';
  const start = negative || text[1] === '+' ? 2 : 1;
  const zeros = skip(text, start, isZero);
  if (text.length === start || skip(text, zeros, isDigit) < text.length || text.length - zeros > 19) return undefined;
  const magnitude = BigInt(`0${text.slice(zeros)}`);
  if (magnitude > (negative ? 1n << 63n : largestInt64)) return undefined;
  return Number(BigInt.asIntN(32, negative ? -magnitude : magnitude));
}

const largestInt64 = (1n << 63n) - 1n;
/** Of an integer in 64 bits. */
const mostFastDigits = 18;

function decimal(mantissa: Mantissa, { format, exponent }: Suffix, text: string): Quantity | undefined {
  const { negative, whole, fraction, hasDigits } = mantissa;
  const digits = fraction === '' ? whole : whole + fraction;
  const scale = (exponent - fraction.length) | 0;
  const isFast = digits.length <= mostFastDigits && scale >= -9;
  if (!isFast && !hasDigits) return undefined;
  const nano = inNano(digits, scale);
  const isCanonical = isFast && scale % 3 === 0 && !digits.endsWith('000') && digits[0] !== '0';
  return quantity(negative ? -nano : nano, format, isCanonical ? text : undefined);
}

/** Beyond this many digits before the point one quantity is like another: nobody could store, add or print them all. */
const mostDigits = 4096;
const beyond = 10n ** BigInt(mostDigits + 9);

/** Digits times a power of ten, in billionths, rounded up. */
function inNano(digits: string, scale: number): bigint {
  const zeros = skip(digits, 0, isZero);
  if (zeros === digits.length) return 0n;
  const length = digits.length - zeros;
  // How many of them count: those before the point, and nine.
  const counting = length + scale + 9;
  if (counting > mostDigits + 9) return beyond;
  if (counting >= length) return BigInt(zeros === 0 ? digits : digits.slice(zeros)) * powerOfTen(counting - length);
  const cut = zeros + Math.max(counting, 0);
  const rest = skip(digits, cut, isZero) < digits.length ? 1n : 0n;
  return BigInt(digits.slice(zeros, cut)) + rest;
}

const perUnit = 1_000_000_000n;
const largestBinary = largestInt64 * perUnit;
/** A value in BinarySI is a multiple of 2^-69 5^-9: what stands behind 69 decimals only says that it is more. */
const mostDecimals = 80;

function binary(mantissa: Mantissa, { exponent }: Suffix, text: string): Quantity | undefined {
  const { negative, whole, fraction, hasDigits } = mantissa;
  const shift = BigInt(exponent);
  if (fraction === '' && 14 - whole.length - (exponent * 3) / 10 >= 0) {
    const value = BigInt(whole);
    const isCanonical = (value & 7n) !== 0n;
    const nano = (value << shift) * perUnit;
    return quantity(negative ? -nano : nano, 'BinarySI', isCanonical ? text : undefined);
  }
  if (!hasDigits) return undefined;
  const nano = whole.length > 19 ? largestBinary : smaller(largestBinary, binaryNano(whole, fraction, shift));
  return quantity(negative ? -nano : nano, nano > 0n && nano < perUnit ? 'DecimalSI' : 'BinarySI');
}

function binaryNano(whole: string, fraction: string, shift: bigint): bigint {
  const decimals = fraction.slice(0, mostDecimals);
  const more = skip(fraction, decimals.length, isZero) < fraction.length ? '1' : '0';
  const unit = powerOfTen(decimals.length + 1);
  return ((BigInt(whole + decimals + more) << shift) * perUnit + unit - 1n) / unit;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function quantity(nano: bigint, format: QuantityFormat, text?: string): Quantity {
  return { nano, about: Number(nano), format, text };
}

const powersOfTen = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent));

function powerOfTen(exponent: number): bigint {
  return powersOfTen[exponent] ?? 10n ** BigInt(exponent);
}

/** Where what is skipped ends. */
function skip(text: string, from: number, isSkipped: (code: number) => boolean): number {
  let at = from;
  while (at < text.length && isSkipped(text.charCodeAt(at))) at++;
  return at;
}

function isZero(code: number): boolean {
  return code === 48;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
