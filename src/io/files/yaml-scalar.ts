/** What a scalar of YAML means to kubectl; `invalid` where kubectl refuses it. */
export type ResolvedScalar = { readonly value: string | number | boolean | null } | { readonly invalid: string };

type Kind = 'str' | 'int' | 'float' | 'bool' | 'null';

interface Resolved {
  readonly kind: Kind;
  readonly value: string | number | boolean | null;
}

const tagPrefix = 'tag:yaml.org,2002:';
const named = new Map<string, Resolved>();
for (const text of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) {
  named.set(text, { kind: 'bool', value: true });
}
for (const text of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) {
  named.set(text, { kind: 'bool', value: false });
}
for (const text of ['', '~', 'null', 'Null', 'NULL']) named.set(text, { kind: 'null', value: null });
for (const text of ['.nan', '.NaN', '.NAN']) named.set(text, { kind: 'float', value: Number.NaN });
for (const text of ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']) {
  named.set(text, { kind: 'float', value: Number.POSITIVE_INFINITY });
}
for (const text of ['-.inf', '-.Inf', '-.INF']) named.set(text, { kind: 'float', value: Number.NEGATIVE_INFINITY });

/**
 * Reads a scalar as kubectl does: by `resolve` of go.yaml.in/yaml/v2, which sigs.k8s.io/yaml uses. That is YAML 1.1 with
 * habits of its own: `yes` is true, `0777` is 511, `0o17` is 15, `1:30` and `2026-01-01` stay text, infinity is refused.
 * `plain`: neither quoted nor a block; only such a scalar, or one with a tag, can be anything but text.
 */
export function resolveScalar(text: string, plain: boolean, tag?: string): ResolvedScalar {
  const kind = tag?.startsWith(tagPrefix) ? tag.slice(tagPrefix.length) : tag;
  if (kind === 'binary') return { value: Buffer.from(text, 'base64').toString('utf8') };
  if ((kind === undefined && !plain) || kind === 'str') return { value: text };
  if (kind !== undefined && !isKind(kind)) return { value: text };
  const resolved = resolvePlain(text);
  if (typeof resolved.value === 'number' && !Number.isFinite(resolved.value)) {
    return { invalid: `${text} is no number that JSON can hold` };
  }
  if (kind === undefined || kind === resolved.kind || (kind === 'float' && resolved.kind === 'int')) return resolved;
  return { invalid: `cannot be read as !!${kind}` };
}

function isKind(kind: string): kind is Kind {
  return kind === 'int' || kind === 'float' || kind === 'bool' || kind === 'null';
}

/** Every other first character means text; most scalars leave here. */
const hint = /^[-+.0-9yYnNtTfFoO~]/;
const decimalFloat = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function resolvePlain(text: string): Resolved {
  if (text !== '' && !hint.test(text)) return { kind: 'str', value: text };
  const known = named.get(text);
  if (known !== undefined) return known;
  const first = text.charCodeAt(0);
  const numeric = first < 0x3a;
  if (!numeric) return { kind: 'str', value: text };
  // With a leading point it is left to Go's ParseFloat, which lets underscores stand between digits only.
  if (text.startsWith('.') && /_(?![0-9])|[^0-9]_/.test(text)) return { kind: 'str', value: text };
  const digits = text.replaceAll('_', '');
  const integer = parseInteger(digits);
  if (integer !== undefined) return { kind: 'int', value: integer };
  if (decimalFloat.test(digits)) {
    // Adding zero makes zero of minus zero, which no field of Kubernetes tells apart.
    const value = Number(digits) + 0;
    // Go's ParseFloat calls what overflows an error, and then it is text.
    if (Number.isFinite(value)) return { kind: 'float', value };
  }
  return { kind: 'str', value: text };
}

const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const largest = 2n ** 64n - 1n;
const smallest = 2n ** 63n;

/** `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: what fits neither is no integer. */
function parseInteger(text: string): number | undefined {
  const match = integer.exec(text);
  if (match === null) return undefined;
  const [, sign = '', hexadecimal, binary, octal, decimal] = match;
  if (decimal !== undefined && decimal.length < 16) return sign === '-' ? 0 - Number(decimal) : Number(decimal);
  // Nobody writes such a number; BigInt would take quadratic time on a megabyte of digits.
  if (text.length > 80) return undefined;
  const prefix = hexadecimal !== undefined ? '0x' : binary !== undefined ? '0b' : octal !== undefined ? '0o' : '';
  const value = BigInt(prefix + (hexadecimal ?? binary ?? octal ?? decimal));
  const limit = sign === '' ? largest : sign === '-' ? smallest : smallest - 1n;
  if (value > limit) return undefined;
  return sign === '-' ? -Number(value) : Number(value);
}
