/** What a test that timed out never disposed of: the next case must not be judged by its webhook. */
const unfinished = new Set<AsyncDisposable>();

export function watchUntilDisposed(thing: AsyncDisposable): void {
  unfinished.add(thing);
}

export function disposed(thing: AsyncDisposable): void {
  unfinished.delete(thing);
}

/** Last first. */
export async function disposeUnfinished(): Promise<void> {
  for (const thing of [...unfinished].reverse()) {
    unfinished.delete(thing);
    await thing[Symbol.asyncDispose]();
  }
}
