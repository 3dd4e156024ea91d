import { SekishoError } from '../../core/error.ts';
import type { Span } from './source-node.ts';

/** A piece of a text that is replaced; with an empty span something is put in. */
export interface TextEdit extends Span {
  readonly text: string;
}

/** Of edits at one place those come first that only put something in, and of these the one that was made first. */
export function orderEdits(edits: readonly TextEdit[]): readonly TextEdit[] {
  return [...edits].sort((a, b) => a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start));
}

/** Everything outside the edits stays as it is. Throws where two of them want the same characters. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let edited = '';
  let at = 0;
  for (const edit of orderEdits(edits)) {
    if (edit.start < at) throw new SekishoError('ManifestInvalid', 'changes of it overlap');
    edited += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return edited + text.slice(at);
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Before the line break, `\n` or `\r\n`; the end of the text where there is none. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  if (newline < 0) return text.length;
  return newline > offset && text[newline - 1] === '\r' ? newline - 1 : newline;
}

/** The line break at the end of the line; where it has none that of the first line, or `\n`. */
export function lineBreak(text: string, offset: number): string {
  const newline = text.indexOf('\n', offset);
  const at = newline < 0 ? text.indexOf('\n') : newline;
  return at > 0 && text[at - 1] === '\r' ? '\r\n' : '\n';
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Whether only spaces stand before it on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return /^ *$/.test(text.slice(lineStart(text, offset), offset));
}
