/** What stands for the rest of a text that was cut. */
const ellipsis = '…';

/**
 * Stands for the cross `✗` in a text until that is serialised. One character beyond Latin-1 makes a whole text take two
 * bytes a character, and all that is then done with it, up to the socket, costs a tenth more of a denial. No other text
 * brings this one along: `printable` escapes it.
 */
export const crossMark = '\x7f';
/** The cross as JSON may write it. */
const crossEscape = '\\u2717';
const crossMarks = /\x7f/g;

/** JSON in which every mark became a cross. JSON never escapes the mark. */
export function withCrosses(json: string): string {
  return json.replace(crossMarks, crossEscape);
}

/**
 * Characters that must not reach a terminal, a log or a warning header raw: controls (an ANSI sequence could repaint
 * the verdict), separators that break a line, marks that reverse reading order, invisible ones, halves of pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

const plain = /^[\x20-\x7e]*$/;

/** Makes any text one printable line of at most `limit` code points. */
export function printable(text: string, limit: number): string {
  if (text.length <= limit && plain.test(text)) return text;
  // Everything after the cut would be thrown away: do not walk megabytes to find that out. A code point has two units.
  const head = text.length > limit * 2 ? text.slice(0, limit * 2 + 1) : text;
  const points = [...head];
  const kept = points.length > limit ? points.slice(0, limit - 1).join('') : head;
  return kept.replace(unprintable, escapeCharacter) + (points.length > limit || head !== text ? ellipsis : '');
}

/** A line of a file, whole, for a person: tabs stay. */
export function printableLine(line: string): string {
  return line.replace(unprintable, (character) => (character === '\t' ? character : escapeCharacter(character)));
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Cuts a text to at most `limit` bytes of UTF-8 without splitting a character. */
export function cutToBytes(text: string, limit: number): string {
  const bytes = byteLength(text);
  if (bytes <= limit) return text;
  let used = byteLength(ellipsis);
  let kept = '';
  for (const character of text) {
    used += byteLength(character);
    if (used > limit) break;
    kept += character;
  }
  return kept + ellipsis;
}

const ascii = /^[\0-\x7f]*$/;

/** Length in bytes of UTF-8. */
export function byteLength(text: string): number {
  if (ascii.test(text)) return text.length;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
