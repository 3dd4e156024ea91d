import { stat } from 'node:fs/promises';
import { messageOf, SekishoError } from '../core/error.ts';

const pollInterval = 1_000;

/**
 * Looks at files again and again, because a Secret or ConfigMap volume swaps symlinks, which file events miss. Never
 * twice at once: a slow disk must not let an old reading overtake a new one.
 */
export function pollFiles(look: () => Promise<void>): Disposable {
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, pollInterval);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
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
