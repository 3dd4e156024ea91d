import { z } from 'zod';
import { SekishoError } from '../core/error.ts';
import type { Locale } from '../core/locale.ts';
import { locales } from '../core/locale.ts';
import { formatFieldPath } from '../core/pod/field-path.ts';
import { modes } from '../core/policy/mode.ts';
import { readConfiguration } from '../io/files/configuration-documents.ts';

/** What holds for the whole installation; the file of `sekisho serve --config`. */
const settingsSchema = z.strictObject({
  /** The ceiling: no policy is stricter. */
  maxMode: z.enum(modes).default('Enforce'),
  /** The language of messages; the command line's where it says nothing. */
  language: z.enum(locales as [Locale, ...Locale[]]).optional(),
});

export type Settings = z.output<typeof settingsSchema>;

/** The settings of a file; all defaults without one. Throws naming file, line and field. */
export async function readSettings(file: string | undefined): Promise<Settings> {
  if (file === undefined) return settingsSchema.parse({});
  const [document, second] = await readConfiguration(file);
  if (document === undefined) return settingsSchema.parse({});
  if (second !== undefined) throw invalid(`${second.locate([])}: a settings file holds one document`);
  const result = settingsSchema.safeParse(document.value);
  if (result.success) return result.data;
  throw invalid(result.error.issues.flatMap((issue) => linesOf(issue, document.locate)).join('\n'));
}

function linesOf(issue: z.core.$ZodIssue, locate: (path: readonly (string | number)[]) => string): readonly string[] {
  const path = issue.path.filter((segment) => typeof segment !== 'symbol');
  if (issue.code !== 'unrecognized_keys') {
    return [`${locate(path)}: ${path.length === 0 ? 'the document' : formatFieldPath(path)}: ${issue.message}`];
  }
  const known = Object.keys(settingsSchema.shape).join(', ');
  return issue.keys.map((key) => {
    const field = [...path, key];
    return `${locate(field)}: ${formatFieldPath(field)}: is not a known setting; there are ${known}`;
  });
}

function invalid(message: string): SekishoError<'SettingsInvalid'> {
  return new SekishoError('SettingsInvalid', message);
}
