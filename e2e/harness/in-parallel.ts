/** Asks for every item, so many at once; the answers stand in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  ask: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) answers[index] = await ask(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return answers;
}
