import { backslash, closeBracket, endOfString, openBracket, quote } from './json-bytes.ts';

/** The key without its first quote: a search for a quote would stop at every word of the body. */
const key = Buffer.from('managedFields":[');

/** The object has one, the old object another. Each cut moves what is behind it, so a body full of them is left as it is. */
const mostCuts = 2;

/**
 * A review without its managed fields (who set which field, for server-side apply): no rule reads them, they are two
 * fifths of what an API server sends, and stepping over them costs a quarter of parsing them. Works in the body itself.
 *
 * Only a key can begin a cut: inside a string the quote right before `managedFields` is escaped, and what an attacker writes
 * into an annotation therefore stays there. A cut is one complete list, strings stepped over whole; where a list is
 * anything but flat, or has no end, it stays, and the parser sees all that follows.
 */
export function cutManagedFields(body: Buffer): Buffer {
  let length = body.length;
  let cuts = 0;
  for (let at = body.indexOf(key); at >= 0 && at < length && cuts < mostCuts; ) {
    const start = at + key.length;
    if (body[at - 1] === quote && body[at - 2] !== backslash) {
      const end = endOfFlatList(body, start, length);
      if (end < 0) break;
      body.copyWithin(start, end, length);
      length -= end - start;
      cuts++;
    }
    at = body.indexOf(key, start);
  }
  return body.subarray(0, length);
}

/** The index of the bracket that closes a list without lists in it; -1 where there is another before, or none. */
function endOfFlatList(body: Buffer, start: number, length: number): number {
  for (let i = start; i < length; i++) {
    const byte = body[i];
    if (byte === quote) i = endOfString(body, i + 1, length);
    else if (byte === closeBracket) return i;
    else if (byte === openBracket) return -1;
  }
  return -1;
}
