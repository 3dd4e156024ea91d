import { stat } from 'node:fs/promises';
import { messageOf, SekishoError } from '../core/error.ts';

const pollInterval = 1_000;

/** Files that are looked at again and again. */
export interface FilePoll extends Disposable {
  /** Looks at them now instead of at the next tick, after every look that was begun before. */
  poll(): Promise<void>;
}

/**
 * Looks at files again and again, because a Secret or ConfigMap volume swaps symlinks, which file events miss. Never
 * twice at once: a slow disk must not let an old reading overtake a new one. Nor do ticks queue up behind it.
 */
export function pollFiles(look: () => Promise<void>): FilePoll {
  let last = Promise.resolve();
  let unfinished = 0;
  const poll = (): Promise<void> => {
    unfinished++;
    last = last.then(look).finally(() => {
      unfinished--;
    });
    return last;
  };
  const timer = setInterval(() => {
    if (unfinished === 0) void poll();
  }, pollInterval);
  timer.unref();
  return { poll, [Symbol.dispose]: () => clearInterval(timer) };
}

/** What tells one version of files from another without reading them. Throws where one cannot be looked at. */
export async function fingerprintOf(files: readonly string[]): Promise<string> {
  const prints = await Promise.all(files.map(fingerprint));
  return prints.join(' ');
}

async function fingerprint(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

export function unreadable(file: string, cause: unknown): SekishoError<'FileUnreadable'> {
  return new SekishoError('FileUnreadable', `${file}: cannot be read: ${messageOf(cause)}`, cause);
}
