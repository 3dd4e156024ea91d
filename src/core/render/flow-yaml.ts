/**
 * One line that `kubectl patch -p` takes: YAML with plain scalars where YAML 1.1 and 1.2 both read them as the text they
 * are, JSON's quotes elsewhere. kubectl reads what begins with a brace as JSON and as nothing else: a patch of several
 * fields, which needs the outermost braces, is JSON. Only ever given patches that this program made: it recurses.
 */
export function formatMergePatch(patch: Readonly<Record<string, unknown>>): string {
  return Object.keys(patch).length === 1 ? fieldsOf(patch, formatScalar) : format(patch, quoted);
}

type Fields = Readonly<Record<string, unknown>>;
type ScalarFormat = (text: string) => string;

function format(value: unknown, scalar: ScalarFormat): string {
  if (typeof value === 'string') return scalar(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => format(item, scalar)).join(', ')}]`;
  return `{${fieldsOf(value as Fields, scalar)}}`;
}

function fieldsOf(object: Fields, scalar: ScalarFormat): string {
  let text = '';
  for (const key of Object.keys(object)) {
    text += `${text === '' ? '' : ', '}${scalar(key)}: ${format(object[key], scalar)}`;
  }
  return text;
}

/** Scalars that were formatted before: patches say the same words over and over. Bounded: names are attacker-chosen. */
const formatted = new Map<string, string>();
const mostFormatted = 1_000;

function formatScalar(text: string): string {
  const known = formatted.get(text);
  if (known !== undefined) return known;
  if (formatted.size >= mostFormatted) formatted.clear();
  const scalar = plainScalar.test(text) && !reserved.test(text) ? text : quoted(text);
  formatted.set(text, scalar);
  return scalar;
}

const plainScalar = /^[A-Za-z][A-Za-z0-9_./-]*$/;
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
