/** Waits for something that happens soon; on a machine that is busy, later. */
export async function eventually<Value>(what: string, look: () => Value | undefined | false): Promise<Value> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
