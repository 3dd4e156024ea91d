import type { Locale } from '../locale.ts';
import type { PolicyMessage } from '../policy/pod-policy.ts';
import { cutToBytes, printable } from './escape.ts';

/** Code points of one note, and bytes of all: they must not push out why something was denied. */
const longestNote = 256;
const longestInAll = 768;

/** What these policies add to their denials: each text once, in the order of the policies. */
export function policyNotes(
  names: readonly string[],
  messages: ReadonlyMap<string, PolicyMessage>,
  locales: readonly Locale[],
): readonly string[] {
  if (messages.size === 0) return [];
  const notes = new Set<string>();
  for (const name of names) {
    const { en, ja } = messages.get(name) ?? {};
    for (const locale of locales) {
      const text = locale === 'ja' ? (ja ?? en) : (en ?? ja);
      if (text !== undefined) notes.add(printable(text, longestNote));
    }
  }
  return notes.size === 0 ? [] : cutToBytes([...notes].join('\n'), longestInAll).split('\n');
}
