/** Aborted with another signal or by itself, at the latest when it is disposed. */
export interface LinkedAbort extends Disposable {
  readonly signal: AbortSignal;
  abort(): void;
}

/**
 * Forgotten, once disposed, by the outer signal, which lives as long as the process. With `AbortSignal.any` that one
 * keeps what was listened to: in Node 24.18 all of it (nodejs/node#64476), in 24.21 still what was never aborted.
 */
export function linkedAbort(outer: AbortSignal): LinkedAbort {
  const inner = new AbortController();
  const abort = (): void => inner.abort();
  outer.addEventListener('abort', abort, { once: true });
  if (outer.aborted) abort();
  return {
    signal: inner.signal,
    abort,
    [Symbol.dispose]() {
      outer.removeEventListener('abort', abort);
      abort();
    },
  };
}
