import { backslash, closeBrace, closeBracket, comma, openBracket, quote } from './json-bytes.ts';

/** The key without its first quote: a search for a quote would stop at every word of the body. */
const key = Buffer.from('managedFields":[');

/** The object has one, the old object another. Each cut moves what is behind it, so a body full of them is left as it is. */
const mostCuts = 2;

/**
 * A review without its managed fields (who set which field, for server-side apply): no rule reads them, and they are two
 * fifths of what an API server sends. Works in the body itself.
 *
 * Only a key can begin a cut: inside a string the quote right before `managedFields` is escaped, and what an attacker
 * writes into an annotation therefore stays there. A cut is one complete list; where it cannot be told at once that it is
 * one, it stays and is parsed. What stands in it is not looked at, not even whether it is JSON.
 */
export function cutManagedFields(body: Buffer): Buffer {
  let text = body;
  let cuts = 0;
  for (let at = text.indexOf(key); at >= 0 && cuts < mostCuts; ) {
    const start = at + key.length;
    if (text[at - 1] === quote && text[at - 2] !== backslash) {
      const end = endOfFlatList(text, start);
      if (end < 0) break;
      text.copyWithin(start, end);
      text = text.subarray(0, text.length - (end - start));
      cuts++;
    }
    at = text.indexOf(key, start);
  }
  return text;
}

/**
 * The index of the bracket that closes a list without lists in it; -1 where that cannot be told. Searches instead of
 * steps, which took a twentieth of a verdict: the first bracket is the list's, unless it stands in a string, and it
 * stands in none where the bytes behind it go on to the next key. They have a quote that a string would have to end
 * with, so no letter could come next.
 */
function endOfFlatList(text: Buffer, start: number): number {
  const end = text.indexOf(closeBracket, start);
  if (end < 0) return -1;
  const opened = text.indexOf(openBracket, start);
  if (opened >= 0 && opened < end) return -1;
  const next = text[end + 1] === closeBrace ? end + 2 : end + 1;
  return text[next] === comma && text[next + 1] === quote && isLetter(text[next + 2]) ? end : -1;
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a));
}
