import { createJsonScanner, type JsonScanner, type ScanResult } from './json-scanner.ts';

/** One document of a stream of JSON. */
export interface JsonDocument {
  /** All of it, where it is whole; of a broken one the first 64 KiB, or less where the rest has not come yet. */
  readonly text: string;
  /** The offset in the stream, and the line, counted from one, where it begins. */
  readonly offset: number;
  readonly line: number;
  /** What is wrong with it, and where; absent where it is valid JSON. */
  readonly problem?: { readonly offset: number; readonly message: string };
}

/** Cuts a stream of JSON into documents: pretty-printed, one a line, or one after another. */
export interface JsonSplitter {
  /** The documents that end in this chunk. */
  push(chunk: string): Iterable<JsonDocument>;
  /** What is left when nothing follows. */
  end(): Iterable<JsonDocument>;
}

/** Enough of a broken document to find its uid in. */
const keptOfBroken = 64 * 1024;

interface Split {
  /** Text that is not dealt with yet, the offset of its first character, and the line that begins at or before it. */
  held: string;
  base: number;
  line: number;
  /** Nothing but white space stands before `held` on its line. */
  fresh: boolean;
  /** The document that `held` begins with, if it is being read. */
  scanner: JsonScanner | undefined;
  /** A broken document is being left: up to the next line, or up to the next line that begins with `{`. */
  skipping: 'line' | 'brace' | undefined;
  /** What the last broken document's scan knows of the values inside it. */
  known: JsonScanner['lineStarts'] | undefined;
  failure: { readonly at: number; readonly problem: string };
  /** Whole documents so far, and whether each stood on one line: then the stream is NDJSON as far as one can tell. */
  count: number;
  onOneLine: boolean;
}

/**
 * A broken document must not take its neighbours along. Where the stream is NDJSON it is that line alone, else it ends
 * before the next line that begins with `{`.
 *
 * Linear whatever comes: a truncated line such as `{"a":` swallows the documents after it for as long as JSON's grammar
 * allows, but the scan remembers where each value that begins a line ends. When it fails, those are taken from memory;
 * everything else that can begin there ends on its own line.
 */
export function createJsonSplitter(): JsonSplitter {
  const split: Split = {
    held: '',
    base: 0,
    line: 1,
    fresh: true,
    scanner: undefined,
    skipping: undefined,
    known: undefined,
    failure: { at: 0, problem: '' },
    count: 0,
    onOneLine: true,
  };
  return {
    *push(chunk) {
      const at = split.base + split.held.length;
      // A rope: V8 joins the pieces once, when the document is complete.
      split.held += chunk;
      if (split.scanner !== undefined) {
        const result = split.scanner.scan(chunk, 0, at);
        if (result.state === 'open') return;
        yield settle(split, result);
      }
      yield* documentsOf(split);
    },
    *end() {
      while (split.scanner !== undefined) {
        yield settle(split, split.scanner.finish(split.base + split.held.length));
        yield* documentsOf(split);
      }
    },
  };
}

function* documentsOf(split: Split): Generator<JsonDocument> {
  while (skip(split) && skipSpace(split)) {
    const result = begin(split);
    if (result.state === 'open') return;
    yield settle(split, result);
  }
}

function begin(split: Split): ScanResult {
  const { known, base, failure } = split;
  if (known?.has(base)) {
    const end = known.get(base);
    return end === undefined ? { state: 'broken', ...failure } : { state: 'complete', end };
  }
  split.scanner = createJsonScanner(base, split.fresh);
  return split.scanner.scan(split.held, 0, base);
}

/** Takes away what was dealt with, and counts its lines. */
function drop(split: Split, length: number): void {
  const dealtWith = split.held.slice(0, length);
  for (let at = dealtWith.indexOf('\n'); at >= 0; at = dealtWith.indexOf('\n', at + 1)) split.line++;
  split.held = split.held.slice(length);
  split.base += length;
}

const space = /[ \t\r\n\ufeff]*/y;

/** Whether a document begins. Files that were strung together may each bring a byte order mark. */
function skipSpace(split: Split): boolean {
  space.lastIndex = 0;
  const length = space.exec(split.held)?.[0].length ?? 0;
  if (split.held.slice(0, length).includes('\n')) split.fresh = true;
  drop(split, length);
  return split.held !== '';
}

function settle(split: Split, result: ScanResult): JsonDocument {
  const { scanner, base: offset, line } = split;
  split.scanner = undefined;
  if (result.state === 'complete') {
    const text = split.held.slice(0, result.end - offset);
    split.count++;
    split.onOneLine &&= !text.includes('\n');
    drop(split, text.length);
    split.fresh = false;
    return { text, offset, line };
  }
  const failure = result.state === 'broken' ? result : { at: offset, problem: 'ends in the middle' };
  split.skipping = isLineAlone(split) ? 'line' : 'brace';
  if (result.state === 'broken' && result.limit) return giveUp(split, result);
  // A scrap between two values of a failed scan, such as its comma, must not make forget what that scan found.
  if (scanner !== undefined && failure.at >= split.failure.at) {
    split.known = scanner.lineStarts;
    split.failure = failure;
  }
  // The next chunk may decide where it ends; what is wrong is known now.
  const end = endOfBroken(split);
  const text = split.held.slice(0, end < 0 ? keptOfBroken : Math.min(end, keptOfBroken));
  return { text, offset, line, problem: { offset: failure.at, message: failure.problem } };
}

/** All that was read of it goes with a document that is too large: what it holds is part of it, not its neighbour. */
function giveUp(split: Split, { at, problem }: { readonly at: number; readonly problem: string }): JsonDocument {
  const { base: offset, line } = split;
  const text = split.held.slice(0, keptOfBroken);
  split.known = undefined;
  drop(split, Math.max(at - offset - 1, 0));
  return { text, offset, line, problem: { offset: at, message: problem } };
}

/** A line that is only a bracket begins a pretty-printed document, even among others that stood on one line. */
function isLineAlone({ held, count, onOneLine }: Split): boolean {
  return count > 0 && onOneLine && !/^[{[][ \t\r]*(?:\n|$)/.test(held);
}

function endOfBroken({ held, skipping }: Split): number {
  return held.indexOf(skipping === 'line' ? '\n' : '\n{');
}

/** Whether the broken document, if there is one, has been left behind. */
function skip(split: Split): boolean {
  if (split.skipping === undefined) return true;
  const end = endOfBroken(split);
  if (end >= 0) {
    split.skipping = undefined;
    drop(split, end);
    return true;
  }
  // The line break may be the last character so far, and the brace the first of the next chunk.
  drop(split, split.held.endsWith('\n') ? split.held.length - 1 : split.held.length);
  return false;
}
