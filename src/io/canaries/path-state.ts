/**
 * Whether what reaches pods by one path (`deployments`, `pods/resize`) is asked about: `open`: it is not; `unknown`: it
 * could not be found out this time.
 */
export type PathState =
  | { readonly path: string; readonly state: 'covered' }
  | { readonly path: string; readonly state: 'open' | 'unknown'; readonly reason: string };

const rank = { open: 2, unknown: 1, covered: 0 } as const;

/** Several proofs for one path: the worst counts. */
export function mergeStates(states: readonly PathState[]): readonly PathState[] {
  const worst = new Map<string, PathState>();
  for (const state of states) {
    const known = worst.get(state.path);
    if (known === undefined || rank[state.state] > rank[known.state]) worst.set(state.path, state);
  }
  return [...worst.values()];
}
