import { backslash, closeBrace, closeBracket, comma, openBrace, openBracket, quote } from './json-bytes.ts';
import { largeBodyBytes } from './limits.ts';

/** Why a body is not even parsed. */
export type Excess = 'nested too deeply' | 'too many values';

/** No object that Kubernetes stores is deeper than some thirty levels. */
const deepest = 200;

/**
 * Parsing costs 0.05 to 0.5 µs for each value, 1 µs where every name in it is another: this many block the event loop
 * for 0.02 to 0.25 s, at worst half a second. Legitimate reviews
 * stay below: the densest thing that Kubernetes writes is `managedFields`, 77,000 values per MiB, so an update whose old
 * and new object were 3 MiB of nothing else would bring 460,000.
 */
const mostValues = 500_000;

/**
 * Looks through a large body before it is parsed, in time proportional to its length and without any memory.
 * It does not check the grammar: what is no JSON is refused by the parser afterwards.
 */
export function excessOf(body: Buffer): Excess | undefined {
  if (body.length <= largeBodyBytes) return undefined;
  let depth = 0;
  let values = 1;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === quote) i = endOfString(body, i + 1);
    else if (byte === comma) values++;
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) return 'nested too deeply';
      // ASCII: either closer is its opener + 2. An empty list or object was counted by the comma around it.
      if (body[i + 1] !== byte + 2) values++;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
    if (values > mostValues) return 'too many values';
  }
  return undefined;
}

/** The index of the quote that closes a string whose first quote is behind us; the end of the body where none does. */
function endOfString(body: Buffer, start: number): number {
  for (let i = start; i < body.length; i++) {
    const byte = body[i];
    if (byte === backslash) i++;
    else if (byte === quote) return i;
  }
  return body.length;
}

/** As the API server writes it: Go's encoder keeps the order of the struct, and `uid` is the first field of a request. */
const head =
  /^\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io\/v1","request":\{"uid":"([0-9A-Za-z-]{1,64})"/;

/** The uid of a review that is not going to be parsed. Undefined where the body is not the API server's. */
export function uidInHead(body: Buffer): string | undefined {
  return head.exec(body.toString('latin1', 0, 192))?.[1];
}
