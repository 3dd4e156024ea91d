import { SekishoError } from '../../core/error.ts';
import { statedName } from '../../core/policy/unread-policy.ts';
import { pollFiles } from '../file-poll.ts';
import { readPolicyDocuments } from './policies.ts';
import { fingerprintOfSources } from './policy-files.ts';

/** The names that files have for their policies, good or broken, and that no object of the cluster may have too. */
export interface PolicyNames extends Disposable {
  readonly names: ReadonlySet<string>;
}

export interface PolicyNamesListener {
  changed(): void;
  /** Once for each reason; the last names stay. */
  failed(error: Error): void;
}

/** Reads the names and goes on reading them. Never throws: whoever only wants names must not stop for want of them. */
export async function watchPolicyNames(
  sources: readonly string[],
  listener: PolicyNamesListener,
): Promise<PolicyNames> {
  let names: ReadonlySet<string> = new Set();
  let seen = '';
  let failure = '';
  const look = async (): Promise<void> => {
    try {
      const fingerprint = await fingerprintOfSources(sources);
      if (fingerprint === seen) return;
      names = await readNames(sources);
      seen = fingerprint;
      failure = '';
      listener.changed();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (error.message !== failure) listener.failed(error);
      failure = error.message;
      seen = '';
    }
  };
  await look();
  const polling = pollFiles(look);
  return {
    get names() {
      return names;
    },
    [Symbol.dispose]: () => polling[Symbol.dispose](),
  };
}

async function readNames(sources: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(sources.map(readSource));
  return new Set(found.flat());
}

async function readSource(source: string): Promise<readonly string[]> {
  const silent = (): void => undefined;
  const documents = await readPolicyDocuments([source], silent).catch((thrown: unknown) => {
    // It holds no policy, so it takes no name.
    if (thrown instanceof SekishoError && thrown.code === 'PolicyInvalid') return { good: [], broken: [] };
    throw thrown;
  });
  const broken = documents.broken.flatMap(({ document }) => statedName(document) ?? []);
  return [...documents.good.map(({ policy }) => policy.metadata.name), ...broken];
}
