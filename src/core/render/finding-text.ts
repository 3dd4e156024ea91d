import type { Finding } from '../engine/decision.ts';
import { type Locale, type Localized, localize } from '../locale.ts';
import { formatFieldPath, valueAt } from '../pod/field-path.ts';
import type { Excuse } from '../policy/exceptions.ts';
import { printable } from './escape.ts';

/** Longest path and value that are printed, in code points; what is cut can be looked up by its path. */
const longestPath = 200;
const longestValue = 80;
/** Of an exception; what is cut stands in the log. */
const longestName = 63;

const sentence: Localized = { en: 'is {found}, {wanted}', ja: 'は {found} です。{wanted}' };
const preexisting: Localized = { en: ' (preexisting)', ja: '（変更前から）' };
const excused = {
  lasting: { en: 'exception {name}', ja: '例外 {name}' },
  expiring: { en: 'exception {name} ends at {end}', ja: '例外 {name} は {end} に終了' },
} as const;
const unset: Localized = { en: 'unset', ja: '未設定' };

/** The path into the applied object, safe to print. */
export function findingPath({ path }: Pick<Finding, 'path'>): string {
  return printable(formatFieldPath(path), longestPath);
}

/** What is wrong there, on one line: `is unset, must be true`. */
export function findingMessage({ rule, violation, error, preexisting: known }: Finding, locale: Locale): string {
  const found = error ? '' : formatFound(violation.found, locale);
  const words = rule.messages[violation.message];
  const values = expectedTexts(violation.expected, found);
  const wanted = words === undefined ? violation.message : localize(words, locale, values);
  if (error) return wanted;
  const text = rule.phrasing === 'whole' ? wanted : localize(sentence, locale, { found, wanted });
  return known ? text + preexisting[locale] : text;
}

/** Which exception excuses a finding, and its end where that is near. */
export function excuseText({ name, expiring }: Excuse, locale: Locale): string {
  const words = expiring === undefined ? excused.lasting : excused.expiring;
  return localize(words, locale, { name: printable(name, longestName), end: expiring ?? '' });
}

function expectedTexts(expected: Finding['violation']['expected'], found: string): Record<string, string> {
  const texts: Record<string, string> = { found };
  if (expected === undefined) return texts;
  for (const [name, values] of Object.entries(expected)) texts[name] = printable(values.join(', '), 400);
  return texts;
}

/** A value as it was found: text in quotes, lists and objects only as deep and long as fits. */
export function formatFound(value: unknown, locale: Locale): string {
  if (value === undefined) return unset[locale];
  return printable(formatValue(value, 3), longestValue);
}

const mostItems = 8;

function formatValue(value: unknown, depth: number): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth === 0) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, mostItems).map((item) => formatValue(item, depth - 1));
    return `[${joinSome(items, value.length > mostItems)}]`;
  }
  const fields: string[] = [];
  // for…in stops early: a hostile value may have a million fields.
  for (const key in value) {
    if (fields.length === mostItems) return `{${joinSome(fields, true)}}`;
    fields.push(`${printable(key, longestValue)}: ${formatValue(valueAt(value, [key]), depth - 1)}`);
  }
  return `{${joinSome(fields, false)}}`;
}

function joinSome(shown: readonly string[], more: boolean): string {
  return (more ? [...shown, '…'] : shown).join(', ');
}

function quote(text: string): string {
  const escaped = text.slice(0, longestValue * 2).replace(/["\\]/g, (character) => `\\${character}`);
  return `"${printable(escaped, longestValue - 2)}"`;
}
