import type { Quantity } from './quantity.ts';

const perUnit = 1_000_000_000n;
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/**
 * The canonical form, after upstream's `CanonicalizeBytes`: no fraction, the largest suffix that needs none. Where upstream
 * has no suffix for so large a number it prints none, and so another number; here the exponent stands.
 */
export function formatQuantity({ nano, format, text }: Quantity): string {
  if (text !== undefined) return text;
  if (nano === 0n) return '0';
  const whole = nano / perUnit;
  const isBinary = format === 'BinarySI' && nano % perUnit === 0n && (whole <= -1024n || whole >= 1024n);
  if (isBinary) return formatBinary(whole);
  const { amount, exponent } = withoutZeros(nano);
  const suffix = format === 'DecimalExponent' ? undefined : decimalSuffixes[exponent / 3 + 3];
  return `${amount}${suffix ?? (exponent === 0 ? '' : `e${exponent}`)}`;
}

function formatBinary(whole: bigint): string {
  let amount = whole;
  let times = 0;
  while (times < binarySuffixes.length - 1 && amount % 1024n === 0n) {
    amount /= 1024n;
    times++;
  }
  return `${amount}${binarySuffixes[times]}`;
}

/** Zeros at the end become exponent, which stays a multiple of three. */
function withoutZeros(nano: bigint): { readonly amount: string; readonly exponent: number } {
  const digits = String(nano);
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  const zeros = digits.length - end;
  const kept = zeros - (zeros % 3);
  return { amount: digits.slice(0, digits.length - kept), exponent: kept - 9 };
}
