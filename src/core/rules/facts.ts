/**
 * Something a rule must know that is not in the pod. Two requests with one key are one question, asked once.
 * No rule of the Pod Security Standards needs any; image rules will.
 */
export interface FactRequest {
  readonly key: string;
}

/** A fact, or why it could not be had. The second is never taken for a violation, nor for its absence. */
export type Fact = { readonly value: unknown } | { readonly unavailable: string };

export type Facts = ReadonlyMap<string, Fact>;

export const noFacts: Facts = new Map();

/** Where facts come from: within the webhook's deadline, from a cache, or nowhere (`unavailable: 'offline'`). */
export interface FactSource {
  gather(requests: readonly FactRequest[]): Promise<Facts>;
}
