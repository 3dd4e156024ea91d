/**
 * One line of YAML that `kubectl patch -p` takes: plain scalars where YAML 1.1 and 1.2 both read them as the text they
 * are, JSON's quotes elsewhere. Only ever given patches that this program made: it recurses.
 */
export function formatFlowYaml(value: unknown): string {
  if (typeof value === 'string') return formatScalar(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(formatFlowYaml).join(', ')}]`;
  return `{${fieldsOf(value as Fields)}}`;
}

/** A patch with one field reads better without the outermost braces; with more they are needed. */
export function formatMergePatch(patch: Readonly<Record<string, unknown>>): string {
  const fields = fieldsOf(patch);
  return Object.keys(patch).length === 1 ? fields : `{${fields}}`;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(object: Fields): string {
  let text = '';
  for (const key of Object.keys(object)) {
    text += `${text === '' ? '' : ', '}${formatScalar(key)}: ${formatFlowYaml(object[key])}`;
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
