/** A string, word or number of JSON as far as it has been read; its characters may come in any number of chunks. */
export type Token = StringToken | WordToken | NumberToken;

interface StringToken {
  readonly kind: 'string';
  /** How many characters an escape still takes: 5 right after the backslash, 4 to 1 inside `\u`. */
  escape: number;
  ended: boolean;
}

interface WordToken {
  readonly kind: 'word';
  readonly word: string;
  index: number;
  ended: boolean;
}

interface NumberToken {
  readonly kind: 'number';
  state: NumberState;
  /** Something else followed. A number alone never knows that it has ended. */
  ended: boolean;
}

type NumberState = 'sign' | 'zero' | 'integer' | 'point' | 'fraction' | 'e' | 'e sign' | 'exponent';

const words = new Map([
  ['t', 'true'],
  ['f', 'false'],
  ['n', 'null'],
]);

/** The token that a character begins, if any. */
export function tokenBeginning(character: string): Token | undefined {
  if (character === '"') return { kind: 'string', escape: 0, ended: false };
  const word = words.get(character);
  if (word !== undefined) return { kind: 'word', word, index: 1, ended: false };
  const state = nextNumberState(undefined, character);
  return state === undefined ? undefined : { kind: 'number', state, ended: false };
}

/** Whether it is a whole value where nothing follows: of the others, each knows its end. */
export function isWhole(token: Token): boolean {
  return token.kind === 'number' && isWholeNumber(token.state);
}

/** What a character that is wrong stands inside of. */
export function tokenName(token: Token): string {
  if (token.kind === 'string') return token.escape > 0 ? 'string after a backslash' : 'string';
  return token.kind === 'word' ? token.word : 'number';
}

/** Reads on. Returns the index to go on from, or `-1 - index` of the character that is wrong. */
export function readToken(token: Token, chunk: string, from: number): number {
  if (token.kind === 'string') return readString(token, chunk, from);
  return token.kind === 'word' ? readWord(token, chunk, from) : readNumber(token, chunk, from);
}

const quote = 0x22;
const backslash = 0x5c;

function readString(token: StringToken, chunk: string, from: number): number {
  for (let index = from; index < chunk.length; index++) {
    const code = chunk.charCodeAt(index);
    if (token.escape > 0) {
      const left = token.escape === 5 ? escapeLength(chunk[index] ?? '') : hexDigitLeft(code, token.escape);
      if (left === undefined) return -1 - index;
      token.escape = left;
    } else if (code === quote) {
      token.ended = true;
      return index + 1;
    } else if (code === backslash) token.escape = 5;
    else if (code < 0x20) return -1 - index;
  }
  return chunk.length;
}

function escapeLength(character: string): number | undefined {
  if (character === 'u') return 4;
  return '"\\/bfnrt'.includes(character) ? 0 : undefined;
}

function hexDigitLeft(code: number, left: number): number | undefined {
  const digit = (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
  return digit ? left - 1 : undefined;
}

function readWord(token: WordToken, chunk: string, from: number): number {
  if (chunk[from] !== token.word[token.index]) return -1 - from;
  token.index++;
  token.ended = token.index === token.word.length;
  return from + 1;
}

function readNumber(token: NumberToken, chunk: string, from: number): number {
  for (let index = from; index < chunk.length; index++) {
    const next = nextNumberState(token.state, chunk[index] ?? '');
    if (next === undefined) {
      if (!isWholeNumber(token.state)) return -1 - index;
      token.ended = true;
      return index;
    }
    token.state = next;
  }
  return chunk.length;
}

function isWholeNumber(state: NumberState): boolean {
  return state === 'zero' || state === 'integer' || state === 'fraction' || state === 'exponent';
}

/** RFC 8259, section 6: `[ minus ] int [ frac ] [ exp ]`. */
function nextNumberState(state: NumberState | undefined, character: string): NumberState | undefined {
  const digit = character >= '0' && character <= '9';
  switch (state) {
    case undefined:
      if (character === '-') return 'sign';
      return digit ? (character === '0' ? 'zero' : 'integer') : undefined;
    case 'sign':
      return digit ? (character === '0' ? 'zero' : 'integer') : undefined;
    case 'integer':
      if (digit) return 'integer';
      return afterInteger(character);
    case 'zero':
      return afterInteger(character);
    case 'point':
      return digit ? 'fraction' : undefined;
    case 'fraction':
      if (digit) return 'fraction';
      return character === 'e' || character === 'E' ? 'e' : undefined;
    case 'e':
      if (character === '+' || character === '-') return 'e sign';
      return digit ? 'exponent' : undefined;
    default:
      return digit ? 'exponent' : undefined;
  }
}

function afterInteger(character: string): NumberState | undefined {
  if (character === '.') return 'point';
  return character === 'e' || character === 'E' ? 'e' : undefined;
}
