import { isDeepStrictEqual } from 'node:util';
import { SekishoError } from '../../core/error.ts';
import {
  nothingRead,
  type PolicyDocuments,
  type PolicyReading,
  refuseClashes,
  takeReading,
} from '../../core/policy/policy-reading.ts';
import { type FilePoll, pollFiles } from '../file-poll.ts';
import { readPolicyDocuments, requirePolicies } from './policies.ts';
import { fingerprintOfSources } from './policy-files.ts';

/** What becomes of a change of the files. */
export interface PolicyListener {
  /** They were read: this holds now, all of it at once. */
  read(reading: PolicyReading): void;
  /** Once for each reason. They cannot be read as a whole; what held before holds. */
  failed(error: Error): void;
  /** Something stands there that is no policy. */
  warn(message: string): void;
}

/** The policies to serve, as the files have them. */
export interface PolicyWatch extends FilePoll {
  readonly reading: PolicyReading;
}

/**
 * Reads the sources and keeps looking. Throws where one cannot be read, holds no policy or two bear one name; a document
 * that is broken stops nothing. `alone`: no policy comes from anywhere else, so that there has to be one.
 */
export async function watchPolicies(
  sources: readonly string[],
  listener: PolicyListener,
  { alone = true }: { readonly alone?: boolean } = {},
): Promise<PolicyWatch> {
  const warn = onceEach(listener.warn);
  const readAll = async (): Promise<Unchanged> => {
    const read = await readUnchanged(sources, warn);
    if (alone) requirePolicies(read.documents, sources);
    return read;
  };
  const first = await readAll();
  refuseClashes(first.documents);
  let seen = first.fingerprint;
  let reading = takeReading(first.documents, nothingRead);
  let failure = '';
  // Each change is read once more: the other half of a file may have followed within the grain of the clock.
  let again = true;
  const look = async (): Promise<void> => {
    try {
      if (failure === '' && !again && (await fingerprintOfSources(sources)) === seen) return;
      const { fingerprint, documents } = await readAll();
      const next = takeReading(documents, reading);
      again = fingerprint !== seen;
      seen = fingerprint;
      if (failure === '' && isDeepStrictEqual(next, reading)) return;
      failure = '';
      reading = next;
      listener.read(reading);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (error.message !== failure) listener.failed(error);
      failure = error.message;
    }
  };
  const polling = pollFiles(look);
  return {
    get reading() {
      return reading;
    },
    poll: polling.poll,
    [Symbol.dispose]: () => polling[Symbol.dispose](),
  };
}

const mostAttempts = 5;

interface Unchanged {
  readonly fingerprint: string;
  readonly documents: PolicyDocuments;
}

/** A reading during which nothing changed: never half of the old and half of the new. */
async function readUnchanged(sources: readonly string[], warn: (message: string) => void): Promise<Unchanged> {
  for (let attempt = 1; ; attempt++) {
    try {
      const fingerprint = await fingerprintOfSources(sources);
      const documents = await readPolicyDocuments(sources, warn);
      if (fingerprint === (await fingerprintOfSources(sources))) return { fingerprint, documents };
      if (attempt === mostAttempts)
        throw new SekishoError('FileUnreadable', `${sources.join(', ')}: changes all the time`);
    } catch (thrown) {
      // A file that went between being listed and being read.
      const passing = thrown instanceof SekishoError && thrown.code === 'FileUnreadable';
      if (!passing || attempt === mostAttempts) throw thrown;
    }
  }
}

/** The files are read again and again; what they hold beside policies is told once. */
function onceEach(warn: (message: string) => void): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.has(message)) return;
    if (told.size >= 1_000) told.clear();
    told.add(message);
    warn(message);
  };
}
