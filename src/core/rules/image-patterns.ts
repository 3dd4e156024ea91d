import { z } from 'zod';
import { type ImagePattern, parseImagePattern } from '../pod/image-pattern.ts';
import type { ImageReference } from '../pod/image-reference.ts';
import { crdRule } from './crd-rule.ts';

/*
 * A pattern that can never match is a hole in a list of what is denied, and a riddle in one of what is allowed. So it
 * must be written as canonical names are, and each way to write another is answered with the one that is meant.
 * JavaScript and RE2, which the API server has, must understand the expressions alike; each is linear in both.
 */

/** A way to write a pattern that means something else, or nothing. */
interface Mistake {
  readonly found: RegExp;
  /** What looks like it and is none. */
  readonly unless?: RegExp;
  readonly message: string;
}

const mistakes: readonly Mistake[] = [
  { found: /[A-Z]/, message: 'must be in lower case, as the names of repositories are' },
  {
    found: /^[a-z]+:\/\//,
    message: 'must begin with the registry and have no scheme: write ghcr.io/acme/**, not https://ghcr.io/acme/**',
  },
  {
    found: /@|\/[^/]*[^/:]:[^/]*$|^[^/.:]+:[^/]*$/,
    message:
      'must have neither a tag nor a digest: write docker.io/library/nginx, and which tags may be in disallowedTags',
  },
  {
    found: /^[^/:]*\.[^/]*$|\/$/,
    message: 'must go on after the registry, and not end in a slash: write ghcr.io/** for a whole registry',
  },
  {
    found: /^[a-z0-9_-]+(\/[^:@]*[^/:@])?$/,
    unless: /^localhost\//,
    message: 'must begin with the registry: write docker.io/library/nginx for nginx, and docker.io/acme/** for acme/**',
  },
  {
    found: /^docker\.io\/[^/:@]+$/,
    unless: /\/\*\*$/,
    message: 'must name library, which images of Docker Hub without an owner are in: write docker.io/library/nginx',
  },
  {
    found: /^index\.docker\.io\//,
    message: 'must name Docker Hub as canonical names do: write docker.io/library/nginx',
  },
  {
    found: /[^/]\*\*|\*\*[^*]/,
    message: 'must have ** only as its last segment, for all that is below: write ghcr.io/acme/**',
  },
  {
    found: /^[^/:]*\*[^./:]*(:[^/]*)?\//,
    unless: /^\*[/:]|^\*\*/,
    message: "must end the registry's name without a *, or anybody's host would match: write *.gcr.io/**",
  },
];

/** Letters and digits, with no two stars beside each other. */
const atom = String.raw`(?:(?:\*?[a-z0-9])+\*?|\*)`;
/** As upstream's path-component; a star stands for letters and digits at least. */
const segment = `${atom}(?:(?:[._]|__|-+)${atom})*`;
const label = '[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?';
const lastLabel = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const port = '(?:[0-9]+|[*])';
const host = String.raw`(?:[*]|localhost|(?:${label}\.)+${lastLabel}|\[[a-f0-9:]+\])(?::${port})?|${lastLabel}:${port}`;
const canonical = new RegExp(String.raw`^(?:\*\*|(?:${host})(?:(?:/${segment})+(?:/\*\*)?|/\*\*))$`);

/** What is wrong in no way that has a name. */
function isOtherwiseWrong(text: string): boolean {
  return !canonical.test(text) && !mistakes.some((mistake) => isMade(mistake, text));
}

function isMade({ found, unless }: Mistake, text: string): boolean {
  return found.test(text) && unless?.test(text) !== true;
}

function matchesInCel(expression: RegExp): string {
  return `self.matches(r'${expression.source}')`;
}

function notMadeInCel({ found, unless }: Mistake): string {
  const none = `!${matchesInCel(found)}`;
  return unless === undefined ? none : `${none} || ${matchesInCel(unless)}`;
}

/** A pattern of a policy; `parseImagePattern` reads it. */
export const imagePattern = z
  .string()
  .max(256)
  .check(
    ...mistakes.map((mistake) =>
      crdRule<string>({
        cel: notMadeInCel(mistake),
        check: (text) => !isMade(mistake, text),
        message: mistake.message,
      }),
    ),
    crdRule<string>({
      cel: [matchesInCel(canonical), ...mistakes.map((mistake) => `!(${notMadeInCel(mistake)})`)].join(' || '),
      check: (text) => !isOtherwiseWrong(text),
      message: 'must be a registry and a repository: registry.example.com/team/app, registry.example.com/team/**',
    }),
  );

/** The settings of the rules that have a list of patterns. */
export interface ImagePatterns {
  readonly images: readonly string[];
}

/** The patterns of a policy's entry, read once. */
export interface PatternList {
  readonly patterns: readonly ImagePattern[];
  /** The first that matches, found once for each reference however often it is asked for. */
  find(reference: ImageReference): ImagePattern | undefined;
}

/** How a rule looks for a reference among its patterns. */
export type PatternSearch = (patterns: readonly ImagePattern[], reference: ImageReference) => ImagePattern | undefined;

const lists = new WeakMap<ImagePatterns, PatternList>();

/** The list of a rule, which always looks in the same way. */
export function patternListOf(params: ImagePatterns, search: PatternSearch): PatternList {
  let list = lists.get(params);
  if (list === undefined) {
    list = createPatternList(params.images.map(parseImagePattern), search);
    lists.set(params, list);
  }
  return list;
}

function createPatternList(patterns: readonly ImagePattern[], search: PatternSearch): PatternList {
  const known = new WeakMap<ImageReference, ImagePattern | 'none'>();
  return {
    patterns,
    find(reference) {
      let found = known.get(reference);
      if (found === undefined) {
        found = search(patterns, reference) ?? 'none';
        known.set(reference, found);
      }
      return found === 'none' ? undefined : found;
    },
  };
}
