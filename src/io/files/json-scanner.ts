import { isWhole, readToken, type Token, tokenBeginning, tokenName } from './json-token.ts';

/**
 * What reading on through a JSON document came to. Offsets count from the beginning of the whole input. `limit`: what
 * was read is no mistake, only more than we take.
 */
export type ScanResult =
  | { readonly state: 'open' }
  | { readonly state: 'complete'; readonly end: number }
  | { readonly state: 'broken'; readonly at: number; readonly problem: string; readonly limit?: true };

/**
 * Follows the grammar of one JSON document through any number of chunks, each character once and without recursion,
 * and stops at the first character that cannot stand where it does. `JSON.parse` would have to see the end first.
 */
export interface JsonScanner {
  /** Reads a chunk from an index on; `base` is the offset of the chunk's first character. */
  scan(chunk: string, from: number, base: number): ScanResult;
  /** What the document is when nothing follows any more. */
  finish(end: number): ScanResult;
  /**
   * The end of every object and list inside that begins a line; undefined while it is open. Read on its own, such a value
   * ends at the same place, so that nobody has to scan it again when the document around it turns out to be broken.
   */
  readonly lineStarts: ReadonlyMap<number, number | undefined>;
}

/** Deeper and longer than any document Kubernetes knows; they only keep a hostile input from filling the memory. */
const deepest = 1_000_000;
const mostLineStarts = 1_000_000;
export const longestDocument = 64 * 1024 * 1024;

type Expected = 'value' | 'value or ]' | 'key or }' | 'key' | ':' | ', or end';
const expectations: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  'key or }': 'a key or }',
  key: 'a key',
  ':': 'a colon',
  ', or end': 'a comma or the closing bracket',
};

interface Scan {
  readonly lineStarts: Map<number, number | undefined>;
  /** The open containers: whether each is an object, and its offset where it begins a line, else -1. */
  readonly objects: boolean[];
  readonly starts: number[];
  expected: Expected;
  token: Token | undefined;
  /** Nothing but white space since the last line break. */
  fresh: boolean;
  complete: boolean;
}

const open: ScanResult = { state: 'open' };

/** `fresh`: the document begins a line. */
export function createJsonScanner(start: number, fresh: boolean): JsonScanner {
  const lineStarts = new Map<number, number | undefined>();
  const scan: Scan = {
    lineStarts,
    objects: [],
    starts: [],
    expected: 'value',
    token: undefined,
    fresh,
    complete: false,
  };
  return {
    lineStarts,
    scan(chunk, from, base) {
      let index = from;
      while (index < chunk.length) {
        const { token } = scan;
        const next =
          token === undefined ? readPunctuation(scan, chunk, { index, base }) : readToken(token, chunk, index);
        if (token?.ended) endToken(scan);
        if (next < 0) return brokenAt(scan, chunk, { index: -next - 1, base });
        index = next;
        if (scan.complete) return { state: 'complete', end: base + index };
      }
      if (base + index - start <= longestDocument) return open;
      const problem = `is longer than ${longestDocument / 2 ** 20} MiB`;
      return { state: 'broken', at: base + index, problem, limit: true };
    },
    finish(end) {
      if (scan.objects.length === 0 && scan.token !== undefined && isWhole(scan.token)) {
        return { state: 'complete', end };
      }
      return { state: 'broken', at: end, problem: 'ends in the middle' };
    },
  };
}

function brokenAt(scan: Scan, chunk: string, { index, base }: Place): ScanResult {
  const at = base + index;
  const limit = limitPassed(scan);
  if (limit !== undefined) return { state: 'broken', at, problem: limit, limit: true };
  return { state: 'broken', at, problem: problemWith(scan, JSON.stringify(chunk[index] ?? '')) };
}

function limitPassed(scan: Scan): string | undefined {
  if (scan.objects.length > deepest) return `is nested deeper than ${deepest} levels`;
  return scan.lineStarts.size > mostLineStarts ? `has more than ${mostLineStarts} lines that begin a value` : undefined;
}

function problemWith({ token, expected }: Scan, character: string): string {
  if (token !== undefined) return `has ${character} inside a ${tokenName(token)}`;
  return `has ${character} where ${expectations[expected]} must stand`;
}

interface Place {
  readonly index: number;
  readonly base: number;
}

/** Returns the same as `readToken`. */
function readPunctuation(scan: Scan, chunk: string, { index, base }: Place): number {
  const character = chunk[index] ?? '';
  const wrong = -1 - index;
  switch (character) {
    case '\n':
      scan.fresh = true;
      return index + 1;
    case ' ':
    case '\t':
    case '\r':
      return index + 1;
    case '{':
    case '[':
      return openContainer(scan, character === '{', base + index) ? index + 1 : wrong;
    case '}':
    case ']':
      return closeContainer(scan, character === '}', base + index) ? index + 1 : wrong;
    case ',':
      if (scan.expected !== ', or end') return wrong;
      scan.expected = scan.objects.at(-1) ? 'key' : 'value';
      break;
    case ':':
      if (scan.expected !== ':') return wrong;
      scan.expected = 'value';
      break;
    default:
      if (!beginToken(scan, character)) return wrong;
  }
  scan.fresh = false;
  return index + 1;
}

function takesValue(scan: Scan): boolean {
  return scan.expected === 'value' || scan.expected === 'value or ]';
}

function openContainer(scan: Scan, object: boolean, offset: number): boolean {
  if (!takesValue(scan)) return false;
  scan.objects.push(object);
  scan.starts.push(scan.fresh ? offset : -1);
  if (scan.fresh) scan.lineStarts.set(offset, undefined);
  scan.fresh = false;
  scan.expected = object ? 'key or }' : 'value or ]';
  return limitPassed(scan) === undefined;
}

function closeContainer(scan: Scan, object: boolean, offset: number): boolean {
  const empty = scan.expected === (object ? 'key or }' : 'value or ]');
  if (scan.objects.at(-1) !== object || !(empty || scan.expected === ', or end')) return false;
  scan.objects.pop();
  const start = scan.starts.pop() ?? -1;
  if (start >= 0) scan.lineStarts.set(start, offset + 1);
  scan.fresh = false;
  endValue(scan);
  return true;
}

function endValue(scan: Scan): void {
  scan.token = undefined;
  scan.expected = ', or end';
  scan.complete = scan.objects.length === 0;
}

function beginToken(scan: Scan, character: string): boolean {
  const token = tokenBeginning(character);
  if (token === undefined) return false;
  if (!takesValue(scan) && !(token.kind === 'string' && takesKey(scan))) return false;
  scan.token = token;
  return true;
}

function takesKey(scan: Scan): boolean {
  return scan.expected === 'key' || scan.expected === 'key or }';
}

function endToken(scan: Scan): void {
  if (!takesKey(scan)) {
    endValue(scan);
    return;
  }
  scan.token = undefined;
  scan.expected = ':';
}
