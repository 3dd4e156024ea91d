/** A line that overwrites itself, for a person who waits. */
export interface Progress {
  step(done: number): void;
  /** Takes the line away for something else that is printed there. */
  clear(): void;
  /** Takes it away for good. */
  end(): void;
}

/** Where a line is shown, and what its environment says of that. */
export interface ProgressTerminal {
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown };
  /** `CI` and `TERM`: a log keeps every line that a terminal would overwrite. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Fewer are done before anybody could read it. */
const worthShowing = 500;
const every = 100;

export function createProgress(all: number, { stream, environment }: ProgressTerminal): Progress {
  const { CI, TERM } = environment;
  let watched = stream.isTTY === true && TERM !== 'dumb' && (CI === undefined || CI === '' || CI === 'false');
  let shown = false;
  const clear = (): void => {
    if (shown) stream.write('\r\u001b[K');
    shown = false;
  };
  return {
    step(done) {
      if (!watched || all <= worthShowing || done % every !== 0) return;
      stream.write(`\r${done}/${all}`);
      shown = true;
    },
    clear,
    end() {
      clear();
      watched = false;
    },
  };
}
