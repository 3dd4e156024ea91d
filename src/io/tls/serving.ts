import { readFile, stat } from 'node:fs/promises';
import { messageOf, SekishoError } from '../../core/error.ts';
import { type KeyPair, parseServingPair, type ServingPair } from './key-pair.ts';

/** Where the serving certificate and its key stand. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** What becomes of a change of the files. */
export interface PairListener {
  /** A new pair that is good: serve it. */
  changed(pair: ServingPair): void;
  /** The files changed to something that cannot be served; the last good pair stays. */
  failed(error: Error): void;
}

export interface PairWatch {
  readonly pair: ServingPair;
  /** Looks at the files now instead of at the next tick. */
  poll(): Promise<void>;
  [Symbol.dispose](): void;
}

const pollInterval = 1_000;

/** Reads the pair and keeps looking. Polls, because a Secret volume swaps symlinks, which file events miss. */
export async function watchServingPair(files: PairFiles, listener: PairListener): Promise<PairWatch> {
  let seen = await fingerprint(files);
  let current = await readPair(files);
  let refused = '';
  const poll = async (): Promise<void> => {
    try {
      const now = await fingerprint(files);
      // What was refused is read again: the other half may have followed within the clock's grain, or its time come.
      if (now === seen && refused === '') return;
      const pair = await readPair(files);
      seen = now;
      refused = '';
      if (pair.cert === current.cert && pair.key === current.key) return;
      current = pair;
      listener.changed(pair);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (error.message !== refused) listener.failed(error);
      refused = error.message;
    }
  };
  const timer = repeat(poll);
  return {
    get pair() {
      return current;
    },
    poll,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Never two at once: a slow disk must not let an old reading overtake a new one. */
function repeat(poll: () => Promise<void>): NodeJS.Timeout {
  let polling = false;
  const timer = setInterval(() => {
    if (polling) return;
    polling = true;
    void poll().finally(() => {
      polling = false;
    });
  }, pollInterval);
  return timer.unref();
}

async function fingerprint(files: PairFiles): Promise<string> {
  const stats = await Promise.all([statOf(files.cert), statOf(files.key)]);
  return stats.map(({ dev, ino, size, mtimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}`).join(' ');
}

function statOf(file: string) {
  return stat(file, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
}

async function readPair(files: PairFiles): Promise<ServingPair> {
  const [cert, key] = await Promise.all([textOf(files.cert), textOf(files.key)]);
  const pair: KeyPair = { cert, key };
  try {
    return parseServingPair(pair, new Date());
  } catch (thrown) {
    throw new SekishoError('CertificateInvalid', `${files.cert}, ${files.key}: ${messageOf(thrown)}`, thrown);
  }
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
}

function unreadable(file: string, cause: unknown): SekishoError<'FileUnreadable'> {
  return new SekishoError('FileUnreadable', `${file}: cannot be read: ${messageOf(cause)}`, cause);
}
