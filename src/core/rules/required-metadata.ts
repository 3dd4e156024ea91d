import { z } from 'zod';
import type { FieldPath } from '../pod/field-path.ts';
import { matchesGlob } from '../pod/glob.ts';
import { labelKeyPattern, longestLabelKey } from '../pod/labels.ts';
import type { PatchOperation } from '../pod/patch.ts';
import { crdRule } from './crd-rule.ts';
import type { Report, Violation } from './rule.ts';

/*
 * What requireLabels and requireAnnotations have in common. Asked is the metadata of the pod, or of the template it will
 * be made from; never that of the Deployment around it, which no pod inherits. A key that is only required must have a
 * value that is not empty, because an empty one says no more than none; a pattern `*` lets the empty one pass too.
 */

const mostKeys = 32;
/** Longer values match `*` and nothing else: an annotation may be 256 KiB, and whoever calls us writes it. */
const longestCompared = 1_024;

/** A list of keys that must be there. */
export const requiredKeys = z
  .array(z.string().min(1).max(longestLabelKey).regex(labelKeyPattern, 'must be the key of a label or annotation'))
  .max(mostKeys)
  .default([]);

const keysAreBounded = crdRule<Readonly<Record<string, unknown>>>({
  cel: `self.all(key, size(key) > 0 && size(key) <= ${longestLabelKey})`,
  check: (map) => Object.keys(map).every(isBounded),
  message: `must have keys of 1 to ${longestLabelKey} characters`,
  locate: (map) =>
    Object.keys(map)
      .filter((key) => !isBounded(key))
      .slice(0, 1),
});

function isBounded(key: string): boolean {
  return key !== '' && key.length <= longestLabelKey;
}

/** A map by key, as a CRD can bound it. */
export function mapByKey<T extends z.ZodType>(values: T) {
  return z
    .record(z.string(), values)
    .refine((map) => Object.keys(map).length <= mostKeys, `must have at most ${mostKeys} keys`)
    .check(keysAreBounded)
    .meta({ maxProperties: mostKeys })
    .default({});
}

/** What the values of one key may be. */
export function valuePatterns(pattern: z.ZodString) {
  return mapByKey(z.array(pattern).min(1).max(16));
}

/** A policy that requires nothing would be kept by everything, silently. */
export function namesSomething<K extends string>(keys: K): z.core.$ZodCheck<Readonly<Record<K | 'patterns', object>>> {
  return crdRule({
    cel: `size(self.?${keys}.orValue([])) + size(self.?patterns.orValue({})) > 0`,
    check: (params) => Object.keys(params[keys]).length + Object.keys(params.patterns).length > 0,
    message: `requires nothing: name some in ${keys} or patterns`,
    path: [keys],
  });
}

/** The settings of such a rule, whatever it calls its keys. */
export interface MetadataParams {
  readonly patterns: Readonly<Record<string, readonly string[]>>;
  readonly suggest: Readonly<Record<string, string>>;
}

/** What is asked of one key. */
export interface MetadataDemand {
  readonly key: string;
  readonly path: FieldPath;
  /** Absent: any value that is not empty. */
  readonly patterns?: readonly string[];
}

/** Where on a pod the keys stand. */
export type MetadataField = 'labels' | 'annotations';

/** Of each policy, read once. */
const demandsByParams = new WeakMap<MetadataParams, readonly MetadataDemand[]>();

/** What the settings ask of each key. A key with patterns must be there too: they would be no use if it might not. */
export function metadataDemands(
  params: MetadataParams,
  field: MetadataField,
  required: readonly string[],
): readonly MetadataDemand[] {
  const known = demandsByParams.get(params);
  if (known !== undefined) return known;
  const demands = [...new Set([...required, ...Object.keys(params.patterns)])].map((key): MetadataDemand => {
    const patterns = patternsOf(params, key);
    return { key, path: ['metadata', field, key], ...(patterns && { patterns }) };
  });
  demandsByParams.set(params, demands);
  return demands;
}

/** How a key falls short. */
export type MetadataMessage = 'missing' | 'empty' | 'missingMatch' | 'mismatch';

/** The messages of both rules. */
export const metadataMessages = {
  missing: { en: 'is missing', ja: 'がありません' },
  empty: { en: 'is {found}, must not be empty', ja: 'は {found} です。空でない値でなければなりません' },
  missingMatch: {
    en: 'is missing, must match one of {patterns}',
    ja: 'がありません。{patterns} のいずれかに一致する値が必要です',
  },
  mismatch: {
    en: 'is {found}, must match one of {patterns}',
    ja: 'は {found} です。{patterns} のいずれかに一致しなければなりません',
  },
} as const satisfies Record<MetadataMessage, { en: string; ja: string }>;

export const metadataChoices: Readonly<Record<MetadataMessage, string>> = {
  missing: '<value>',
  empty: '<value>',
  missingMatch: '<value>',
  mismatch: '<value>',
};

/** Reports each key that falls short, in the order of the settings. */
export function shortcomings(
  held: unknown,
  report: Report<MetadataMessage>,
  demands: readonly MetadataDemand[],
): undefined {
  for (const { key, path, patterns } of demands) {
    const found = ownValue(held, key);
    if (patterns === undefined) {
      if (found === undefined) report({ path, message: 'missing' });
      else if (typeof found !== 'string' || found === '') report({ path, message: 'empty', found });
    } else if (found === undefined) {
      report({ path, message: 'missingMatch', expected: { patterns } });
    } else if (!isMatched(found, patterns)) {
      report({ path, message: 'mismatch', found, expected: { patterns } });
    }
  }
}

/** Sets what the policy suggests where nothing stands; what somebody wrote is not replaced by a guess. */
export function* suggestion(
  { path, found }: Violation<MetadataMessage>,
  params: MetadataParams,
): Generator<PatchOperation> {
  const key = String(path.at(-1));
  const value = ownValue(params.suggest, key);
  if (typeof value !== 'string' || value === '' || (found !== undefined && found !== '')) return;
  if (isMatched(value, patternsOf(params, key) ?? ['*'])) yield { op: 'add', path, value };
}

function patternsOf({ patterns }: MetadataParams, key: string): readonly string[] | undefined {
  return Object.hasOwn(patterns, key) ? patterns[key] : undefined;
}

function isMatched(value: unknown, globs: readonly string[]): boolean {
  if (typeof value !== 'string') return false;
  const compared = value.length <= longestCompared;
  return globs.some((glob) => glob === '*' || (compared && matchesGlob(glob, value)));
}

/** Keys are chosen by whoever writes the pod, and by operators: `constructor` is a label like any other. */
function ownValue(map: unknown, key: string): unknown {
  if (typeof map !== 'object' || map === null || !Object.hasOwn(map, key)) return undefined;
  return (map as Readonly<Record<string, unknown>>)[key] ?? undefined;
}
