import { matchesGlob } from './glob.ts';

/**
 * Names of repositories, by whole segments: `*` stands for any characters within one, a last segment `**` for one
 * segment or more, and without either it is that one repository. So `registry.example.com/team/**` never matches
 * `registry.example.com/team-evil/app`, and `registry.example.com/team` nothing but itself.
 */
export interface ImagePattern {
  readonly text: string;
  /** Of the canonical name: domain and path. */
  matches(repository: string): boolean;
  /** Whether some repository of the registry matches. */
  matchesDomain(domain: string): boolean;
}

/** Of a text that policies may hold (`image-patterns.ts` of the rules checks it). */
export function parseImagePattern(text: string): ImagePattern {
  if (text === '**') return { text, matches: () => true, matchesDomain: () => true };
  const segments = text.split('/');
  const [domain = ''] = segments;
  return { text, matches: matcherOf(text, segments), matchesDomain: (other) => matchesGlob(domain, other) };
}

function matcherOf(text: string, segments: readonly string[]): ImagePattern['matches'] {
  const isOpen = segments.at(-1) === '**';
  const literal = isOpen ? text.slice(0, -2) : text;
  if (!literal.includes('*')) {
    if (!isOpen) return (repository) => repository === literal;
    // It ends in a slash: what begins so has a segment more.
    return (repository) => repository.length > literal.length && repository.startsWith(literal);
  }
  const fixed = isOpen ? segments.slice(0, -1) : segments;
  return (repository) => matchesSegments(fixed, isOpen, repository.split('/'));
}

function matchesSegments(fixed: readonly string[], isOpen: boolean, segments: readonly string[]): boolean {
  if (isOpen ? segments.length <= fixed.length : segments.length !== fixed.length) return false;
  return fixed.every((pattern, index) => matchesGlob(pattern, segments[index] ?? ''));
}
