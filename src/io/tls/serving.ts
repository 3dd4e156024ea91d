import { readFile } from 'node:fs/promises';
import { messageOf, SekishoError } from '../../core/error.ts';
import { type FilePoll, fingerprintOf, pollFiles, unreadable } from '../file-poll.ts';
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

/** The pair to serve, as the files have it. */
export interface PairWatch extends FilePoll {
  readonly pair: ServingPair;
}

/** Reads the pair and keeps looking. */
export async function watchServingPair(files: PairFiles, listener: PairListener): Promise<PairWatch> {
  const fingerprint = () => fingerprintOf([files.cert, files.key]);
  let seen = await fingerprint();
  let current = await readPair(files);
  let refused = '';
  const look = async (): Promise<void> => {
    try {
      const now = await fingerprint();
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
  const polling = pollFiles(look);
  return {
    get pair() {
      return current;
    },
    poll: polling.poll,
    [Symbol.dispose]: () => polling[Symbol.dispose](),
  };
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
