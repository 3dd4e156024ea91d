/** Where all namespaces are. */
export const namespacesPath = '/api/v1/namespaces';

/**
 * Where a namespace is; undefined for what is no name of one. Whoever calls us chooses it, and nothing else may become a
 * part of a path.
 */
export function namespacePath(name: string): string | undefined {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) ? `${namespacesPath}/${name}` : undefined;
}
