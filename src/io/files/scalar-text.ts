import { resolveScalar } from './yaml-scalar.ts';

/** How a text is put into a document: without quotes where they are not needed, or with those that its neighbours have. */
export type Quotes = 'plain' | 'single' | 'double';

/** A single value or a key as YAML; safe in every place, also between braces. */
export function formatYamlScalar(value: string | number | boolean | null, quotes: Quotes = 'plain'): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (quotes === 'plain' && isPlain(value)) return value;
  if (quotes === 'single' && /^[ -~]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  // What YAML calls not printable, and JSON does.
  return JSON.stringify(value).replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What kubectl and every other reader of YAML, 1.1 or 1.2, takes for the text that it is. */
function isPlain(text: string): boolean {
  if (!/^[A-Za-z0-9_./][A-Za-z0-9_./:@+-]*$/.test(text) || text.endsWith(':')) return false;
  // What begins like a number may be one to somebody: of those only quantities go without quotes.
  if (/^[0-9.]/.test(text) && !/^[0-9]+(?:m|k|[KMGTPE]i|[MGTP])$/.test(text)) return false;
  if (/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text)) return false;
  const resolved = resolveScalar(text, true);
  return 'value' in resolved && resolved.value === text;
}
