/*
 * One name of a path against one piece of a pattern, as git's wildmatch has it. Whoever writes the patterns may be whoever
 * sent the pull request that is checked: two pointers and one backtrack point, never exponential.
 */

/** What one character of a name must be; a star stands for any run of characters, also none. */
type Piece = 'star' | ((character: string) => boolean);

/** Whether a name matches. */
export type MatchName = (name: string) => boolean;

/** Undefined where the pattern is broken: then it matches nothing, as with git. */
export function compileName(pattern: string): MatchName | undefined {
  const pieces: Piece[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (pieces.at(-1) !== 'star') pieces.push('star');
    } else if (character === '?') pieces.push(() => true);
    else if (character === '[') {
      const set = compileSet(characters, at + 1);
      if (set === undefined) return undefined;
      pieces.push(set.matches);
      at = set.end;
    } else {
      const literal = character === '\\' ? characters[++at] : character;
      if (literal === undefined) return undefined;
      pieces.push((other) => other === literal);
    }
  }
  return (name) => matchesPieces(pieces, [...name]);
}

function matchesPieces(pieces: readonly Piece[], characters: readonly string[]): boolean {
  let p = 0;
  let c = 0;
  let star = -1;
  let resume = 0;
  while (c < characters.length) {
    const piece = pieces[p];
    if (piece === 'star') {
      star = p++;
      resume = c;
    } else if (piece?.(characters[c] ?? '')) {
      p++;
      c++;
    } else if (star >= 0) {
      p = star + 1;
      c = ++resume;
    } else return false;
  }
  while (pieces[p] === 'star') p++;
  return p === pieces.length;
}

const namedSets: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[A-Za-z0-9]/],
  ['alpha', /[A-Za-z]/],
  ['blank', /[ \t]/],
  ['digit', /[0-9]/],
  ['graph', /[!-~]/],
  ['lower', /[a-z]/],
  ['print', /[ -~]/],
  ['punct', /[!-/:-@[-`{-~]/],
  ['space', /\s/],
  ['upper', /[A-Z]/],
  ['xdigit', /[0-9A-Fa-f]/],
]);

interface CharacterSet {
  readonly matches: (character: string) => boolean;
  /** Where its closing bracket stands. */
  readonly end: number;
}

/** `[a-z]`, `[!0-9]`, `[[:alpha:]_]`: what follows the bracket. A bracket that comes first is one of the set. */
function compileSet(pattern: readonly string[], start: number): CharacterSet | undefined {
  const negated = pattern[start] === '!' || pattern[start] === '^';
  const first = negated ? start + 1 : start;
  const members: ((character: string) => boolean)[] = [];
  for (let at = first; at < pattern.length; at++) {
    if (pattern[at] === ']' && at > first) {
      return { end: at, matches: (character) => members.some((member) => member(character)) !== negated };
    }
    const member = pattern[at] === '[' && pattern[at + 1] === ':' ? namedMember(pattern, at) : rangeMember(pattern, at);
    if (member === undefined) return undefined;
    members.push(member.matches);
    at = member.end;
  }
  return undefined;
}

function namedMember(pattern: readonly string[], at: number): CharacterSet | undefined {
  const close = pattern.indexOf(']', at + 2);
  if (close < 0) return undefined;
  // `[[:x]` is no name but a set of three characters.
  if (pattern[close - 1] !== ':' || close === at + 2) return { end: at, matches: (character) => character === '[' };
  const named = namedSets.get(pattern.slice(at + 2, close - 1).join(''));
  return named && { end: close, matches: (character) => named.test(character) };
}

function rangeMember(pattern: readonly string[], at: number): CharacterSet | undefined {
  const low = literalAt(pattern, at);
  if (low === undefined) return undefined;
  const next = pattern[low.end + 2];
  if (pattern[low.end + 1] !== '-' || next === undefined || next === ']') {
    return { end: low.end, matches: (character) => character === low.text };
  }
  const high = literalAt(pattern, low.end + 2);
  if (high === undefined) return undefined;
  // The first one is in the set even where the range is none, as `z-a`.
  const matches = (character: string): boolean =>
    character === low.text || (low.text <= character && character <= high.text);
  return { end: high.end, matches };
}

function literalAt(
  pattern: readonly string[],
  at: number,
): { readonly text: string; readonly end: number } | undefined {
  const escaped = pattern[at] === '\\';
  const text = pattern[escaped ? at + 1 : at];
  return text === undefined ? undefined : { text, end: escaped ? at + 1 : at };
}
