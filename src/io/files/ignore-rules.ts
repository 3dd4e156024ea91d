import { compileName, type MatchName } from './ignore-pattern.ts';

/** What one ignore file says, in the syntax of `.gitignore`. */
export interface IgnoreRules {
  /**
   * Whether something is left out; undefined where the file has no opinion. The path is the names from the file's own
   * folder down.
   */
  verdict(path: readonly string[], folder: boolean): boolean | undefined;
}

interface IgnoreRule {
  /** `**` stands for any number of names, also none. */
  readonly names: readonly (MatchName | '**')[];
  readonly negated: boolean;
  readonly foldersOnly: boolean;
}

/** What cannot be a pattern matches nothing, as with git. */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap((line) => parseRule(line.replace(/\r$/, '')) ?? [])
    .reverse();
  return {
    verdict(path, folder) {
      const last = rules.find(({ names, foldersOnly }) => (folder || !foldersOnly) && matchesPath(names, path));
      return last && !last.negated;
    },
  };
}

function parseRule(line: string): IgnoreRule | undefined {
  if (line.startsWith('#')) return undefined;
  const text = withoutTrailingSpaces(line);
  const negated = text.startsWith('!');
  const foldersOnly = text.endsWith('/');
  const pattern = text.slice(negated ? 1 : 0, foldersOnly ? -1 : undefined);
  if (pattern === '') return undefined;
  // A slash that is not the last one ties the pattern to the file's folder; without one it holds at every depth.
  const segments = (pattern.includes('/') ? pattern.replace(/^\//, '') : `**/${pattern}`).split('/');
  // `a/**` is everything below a, but not a itself.
  if (segments.at(-1) === '**') segments.push('*');
  const names = segments.map((segment) => (segment === '**' ? segment : compileName(segment)));
  return names.every((name) => name !== undefined) ? { names, negated, foldersOnly } : undefined;
}

/** A backslash keeps one. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ' && !isEscaped(line, end - 1)) end--;
  return line.slice(0, end);
}

function isEscaped(line: string, at: number): boolean {
  let backslashes = 0;
  while (line[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** As with a star among characters: one backtrack point is enough, because a later `**` can do all an earlier one can. */
function matchesPath(names: IgnoreRule['names'], path: readonly string[]): boolean {
  let n = 0;
  let p = 0;
  let any = -1;
  let resume = 0;
  while (p < path.length) {
    const name = names[n];
    if (name === '**') {
      any = n++;
      resume = p;
    } else if (name?.(path[p] ?? '')) {
      n++;
      p++;
    } else if (any >= 0) {
      n = any + 1;
      p = ++resume;
    } else return false;
  }
  while (names[n] === '**') n++;
  return n === names.length;
}
