import { matchesGlob } from '../pod/glob.ts';

/** Where kube-controller-manager's controllers have their service accounts. */
const prefix = 'system:serviceaccount:kube-system:';

/** Who they all are where it runs without `--use-service-account-credentials`. */
const manager = 'system:kube-controller-manager';

/** Such accounts, or patterns of them. */
const accounts = /^system:serviceaccount:kube-system:[a-z0-9.*-]+$/;

/** What the names of both are made of; a pattern with any other character matches neither. */
const characters = /^[a-z0-9.:*-]+$/;

/**
 * Whether a pattern of users, `*` for any characters, means somebody who makes pods for everybody: a service account of
 * kube-system, whatever it is called, or the controller manager itself. What stands before the first `*` and behind the
 * last one decides; said below once more in CEL, step by step the same.
 */
export function meansController(pattern: string): boolean {
  if (!characters.test(pattern)) return false;
  if (matchesGlob(pattern, manager) || accounts.test(pattern)) return true;
  if (!pattern.includes('*')) return false;
  const head = pattern.slice(0, pattern.indexOf('*'));
  const tail = pattern.slice(pattern.lastIndexOf('*') + 1);
  return prefix.startsWith(head) && prefix.endsWith(tail.slice(0, tail.lastIndexOf(':') + 1));
}

/** The same of a CEL expression. */
export function meansControllerInCel(pattern: string): string {
  const head = `${pattern}.substring(0, ${pattern}.indexOf('*'))`;
  const tail = `${pattern}.substring(${pattern}.lastIndexOf('*') + 1)`;
  const either = [
    `'${manager}'.matches('^' + ${pattern}.replace('.', '[.]').replace('*', '.*') + '$')`,
    `${pattern}.matches('${accounts.source}')`,
    `(${pattern}.contains('*') && '${prefix}'.startsWith(${head}) && '${prefix}'.endsWith(${tail}.substring(0, ${tail}.lastIndexOf(':') + 1)))`,
  ];
  return `${pattern}.matches('${characters.source}') && (${either.join(' || ')})`;
}
