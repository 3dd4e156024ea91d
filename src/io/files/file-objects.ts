import { SekishoError } from '../../core/error.ts';
import { isException, isOwn, keyOf, statedKey } from '../../core/policy/own-object.ts';
import type { PodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import type { PolicyDocuments } from '../../core/policy/policy-reading.ts';
import { pollFiles } from '../file-poll.ts';
import { readPolicyDocuments } from './policies.ts';
import { fingerprintOfSources } from './policy-files.ts';

/** What files say that matters to what is an object of the cluster. */
export interface FileObjects extends Disposable {
  /** `PodPolicy/production`: good or broken, they keep their names, and no object may have them too. */
  readonly keys: ReadonlySet<string>;
  readonly exceptions: readonly PodPolicyException[];
}

export interface FileObjectsListener {
  changed(): void;
  /** Once for each reason; what was read last stays. */
  failed(error: Error): void;
}

/** Reads the files and goes on reading them. Never throws: whoever looks after other things too must not stop for them. */
export async function watchFileObjects(
  sources: readonly string[],
  listener: FileObjectsListener,
): Promise<FileObjects> {
  let known: Pick<FileObjects, 'keys' | 'exceptions'> = { keys: new Set(), exceptions: [] };
  let seen: string | undefined;
  let failure = '';
  const look = async (): Promise<void> => {
    try {
      const fingerprint = await fingerprintOfSources(sources);
      if (fingerprint === seen) return;
      known = await readObjects(sources);
      seen = fingerprint;
      failure = '';
      listener.changed();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (error.message !== failure) listener.failed(error);
      failure = error.message;
      seen = undefined;
    }
  };
  await look();
  const polling = pollFiles(look);
  return {
    get keys() {
      return known.keys;
    },
    get exceptions() {
      return known.exceptions;
    },
    [Symbol.dispose]: () => polling[Symbol.dispose](),
  };
}

async function readObjects(sources: readonly string[]): Promise<Pick<FileObjects, 'keys' | 'exceptions'>> {
  const found = await Promise.all(sources.map(readSource));
  const objects = found.flatMap(({ good }) => good.map(({ object }) => object));
  const broken = found.flatMap(({ broken }) => broken.flatMap(({ document }) => keyOfBroken(document) ?? []));
  return { keys: new Set([...objects.map(keyOf), ...broken]), exceptions: objects.filter(isException) };
}

function keyOfBroken(document: unknown): string | undefined {
  return isOwn(document) ? statedKey(document) : undefined;
}

async function readSource(source: string): Promise<Pick<PolicyDocuments, 'good' | 'broken'>> {
  return readPolicyDocuments([source], () => undefined).catch((thrown: unknown) => {
    // It holds nothing of ours, so it takes no name.
    if (thrown instanceof SekishoError && thrown.code === 'PolicyInvalid') return { good: [], broken: [] };
    throw thrown;
  });
}
