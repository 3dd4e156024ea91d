import { printable, printableLine } from './escape.ts';

/** A piece of a text that is replaced, by offsets. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A file before and after. */
export interface ChangedText {
  readonly file: string;
  readonly before: string;
  /** In their order, none over another. */
  readonly edits: readonly Replacement[];
}

/** Lines that others take the place of; both with their line breaks. */
interface Block {
  /** Of the first line, counted from zero. */
  readonly at: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

const context = 3;

/** As `diff -u` writes it, and `patch -p0` reads it. In colour for a person, to whom no control character is shown raw. */
export function unifiedDiff(changed: ChangedText, { color }: { readonly color: boolean }): string {
  const lines = linesOf(changed.before);
  const hunks = hunksOf(blocksOf(changed, lines));
  const marked = (mark: string, line: string): string => formatLine(mark, line, color);
  const name = printable(changed.file, 4096);
  let text = `--- ${name}\n+++ ${name}\n`;
  let shift = 0;
  for (const blocks of hunks) {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (first === undefined || last === undefined) continue;
    const start = Math.max(first.at - context, 0);
    const end = Math.min(last.at + last.removed.length + context, lines.length);
    const grown = blocks.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0);
    text += marked('@', `@@ -${range(start, end - start)} +${range(start + shift, end - start + grown)} @@\n`);
    shift += grown;
    let at = start;
    for (const { at: from, removed, added } of blocks) {
      text += lines
        .slice(at, from)
        .map((line) => marked(' ', line))
        .join('');
      text += removed.map((line) => marked('-', line)).join('') + added.map((line) => marked('+', line)).join('');
      at = from + removed.length;
    }
    text += lines
      .slice(at, end)
      .map((line) => marked(' ', line))
      .join('');
  }
  return text;
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** `diff` counts an empty range from the line before it. */
function range(start: number, length: number): string {
  const first = length === 0 ? start : start + 1;
  return length === 1 ? String(first) : `${first},${length}`;
}

const colors: Readonly<Record<string, number>> = { '-': 31, '+': 32, '@': 36 };

function formatLine(mark: string, line: string, color: boolean): string {
  const whole = line.endsWith('\n');
  const content = whole ? line.slice(0, -1) : line;
  const text = mark === '@' ? content : mark + (color ? printableLine(content.replace(/\r$/, '')) : content);
  const code = color ? colors[mark] : undefined;
  const painted = code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  return whole ? `${painted}\n` : `${painted}\n\\ No newline at end of file\n`;
}

function blocksOf({ before, edits }: ChangedText, lines: readonly string[]): readonly Block[] {
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length;
  }
  const lineAt = (position: number): number =>
    Math.max(
      starts.findLastIndex((start) => start <= position),
      0,
    );
  // Whole lines that become whole lines do not touch the line behind them.
  const lastLine = ({ start, end, text }: Replacement): number => {
    const whole = text === '' ? start === 0 || before[start - 1] === '\n' : text.endsWith('\n');
    return lineAt(whole && end > start && before[end - 1] === '\n' ? end - 1 : end);
  };
  const blocks: Block[] = [];
  for (let index = 0; index < edits.length; ) {
    const first = edits[index] as Replacement;
    const from = lineAt(first.start);
    let to = lastLine(first);
    let next = index + 1;
    for (; next < edits.length && lineAt((edits[next] as Replacement).start) <= to; next++) {
      to = Math.max(to, lastLine(edits[next] as Replacement));
    }
    const base = starts[from] ?? 0;
    const old = before.slice(base, starts[to + 1] ?? before.length);
    let [text, at] = ['', 0];
    for (const edit of edits.slice(index, next)) {
      text += old.slice(at, edit.start - base) + edit.text;
      at = edit.end - base;
    }
    append(blocks, trimmed({ at: from, removed: linesOf(old), added: linesOf(text + old.slice(at)) }));
    index = next;
  }
  return blocks;
}

/** Blocks without a line between them are one: what goes is shown before what comes. */
function append(blocks: Block[], { at, removed, added }: Block): void {
  if (removed.length + added.length === 0) return;
  const before = blocks.at(-1);
  if (before === undefined || before.at + before.removed.length !== at) blocks.push({ at, removed, added });
  else {
    blocks[blocks.length - 1] = {
      at: before.at,
      removed: [...before.removed, ...removed],
      added: [...before.added, ...added],
    };
  }
}

/** Without the lines at both ends that stay as they are. */
function trimmed({ at, removed, added }: Block): Block {
  const shorter = Math.min(removed.length, added.length);
  let head = 0;
  while (head < shorter && removed[head] === added[head]) head++;
  let tail = 0;
  while (tail < shorter - head && removed.at(-1 - tail) === added.at(-1 - tail)) tail++;
  return {
    at: at + head,
    removed: removed.slice(head, removed.length - tail),
    added: added.slice(head, added.length - tail),
  };
}

/** Blocks whose lines around them touch are shown as one. */
function hunksOf(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const hunks: Block[][] = [];
  for (const block of blocks) {
    const hunk = hunks.at(-1);
    const before = hunk?.at(-1);
    if (hunk !== undefined && before !== undefined && block.at - before.at - before.removed.length <= 2 * context) {
      hunk.push(block);
    } else hunks.push([block]);
  }
  return hunks;
}
