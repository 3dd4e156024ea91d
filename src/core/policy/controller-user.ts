import { matchesGlob } from '../pod/glob.ts';

/** Where kube-controller-manager's controllers have their service accounts. */
const prefix = 'system:serviceaccount:kube-system:';

/** Who they all are where it runs without `--use-service-account-credentials`. */
const manager = 'system:kube-controller-manager';

/**
 * Whether a pattern of users, `*` for any characters, means somebody who makes pods for everybody: a service account of
 * kube-system, whatever it is called, or the controller manager itself.
 */
export function meansController(pattern: string): boolean {
  if (matchesGlob(pattern, manager)) return true;
  // Where in the pattern one may stand after the prefix; the rest must be able to be a name, one character or more.
  let at = withStars(pattern, new Set([0]));
  for (const character of prefix) {
    const next = [...at].flatMap((i) => (pattern[i] === '*' ? [i] : pattern[i] === character ? [i + 1] : []));
    at = withStars(pattern, new Set(next));
  }
  return [...at].some((i) => /^[a-z0-9.*-]+$/.test(pattern.slice(i)));
}

/** A star may also stand for nothing. */
function withStars(pattern: string, at: Set<number>): Set<number> {
  // What is added while the set is walked is walked too.
  for (const i of at) if (pattern[i] === '*') at.add(i + 1);
  return at;
}
