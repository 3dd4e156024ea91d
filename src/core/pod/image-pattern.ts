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
  const [domain = ''] = text.split('/', 1);
  return { text, matches: matcherOf(text), matchesDomain: (other) => matchesGlob(domain, other) };
}

function matcherOf(text: string): ImagePattern['matches'] {
  const isOpen = text.endsWith('/**');
  const fixed = isOpen ? text.slice(0, -2) : text;
  if (fixed.includes('*')) return (repository) => matchesSegments(fixed, isOpen, repository);
  if (!isOpen) return (repository) => repository === fixed;
  // It ends in a slash: what begins so has a segment more.
  return (repository) => repository.length > fixed.length && repository.startsWith(fixed);
}

const slash = 47;
const asterisk = 42;

/** As `matchesGlob`, but no star goes beyond its segment. `isOpen`: what is left once the pattern has ended may be anything. */
function matchesSegments(pattern: string, isOpen: boolean, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p === pattern.length && isOpen) return true;
    const wanted = pattern.charCodeAt(p);
    if (wanted === asterisk) {
      star = p++;
      resume = t;
    } else if (wanted === text.charCodeAt(t)) {
      if (wanted === slash) star = -1;
      p++;
      t++;
    } else if (star >= 0 && text.charCodeAt(resume) !== slash) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(p) === asterisk) p++;
  return p === pattern.length && !isOpen;
}
