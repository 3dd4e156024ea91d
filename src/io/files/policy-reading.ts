import type { PodPolicy } from '../../core/policy/pod-policy.ts';
import { salvagePolicy, statedName } from '../../core/policy/unread-policy.ts';
import { type BrokenPolicy, clash, type PolicyDocuments, type SourcedPolicy } from './policies.ts';

/** What becomes of a document that is broken: the last good version stays, a frame of it is left, or nothing. */
export type Remainder = 'kept' | 'unread' | 'leftOut';

export interface PolicyProblem {
  /** Names file, line and field. */
  readonly reason: string;
  readonly remainder: Remainder;
  /** Those that are kept or unread. */
  readonly policies: readonly string[];
}

/** The policies that hold after a reading. */
export interface PolicyReading {
  /** As their documents stand. */
  readonly ready: readonly SourcedPolicy[];
  /** The last good version of what is broken now. */
  readonly kept: readonly SourcedPolicy[];
  /** What is left of those that were never good: name, mode and match. */
  readonly unread: readonly PodPolicy[];
  readonly problems: readonly PolicyProblem[];
}

/** Before anything was read. */
export const nothingRead: PolicyReading = { ready: [], kept: [], unread: [], problems: [] };

/** Judges documents by what held before: nothing that was good goes because something is broken. */
export function takeReading(documents: PolicyDocuments, last: PolicyReading): PolicyReading {
  const before = [...last.ready, ...last.kept];
  const { ready, problems } = takeNames(documents.good, before);
  const kept: SourcedPolicy[] = [];
  const unread: PodPolicy[] = [];
  const missing = (): readonly SourcedPolicy[] => {
    const present = new Set([...ready, ...kept].map(nameOf));
    return before.filter((policy) => !present.has(nameOf(policy)));
  };
  for (const broken of documents.broken) {
    const reason = broken.error.message;
    const stays = lastGoodOf(broken, missing());
    kept.push(...stays);
    if (stays.length > 0) {
      problems.push({ reason, remainder: 'kept', policies: stays.map(nameOf) });
      continue;
    }
    const frame = salvagePolicy(broken.document);
    if (frame === undefined || [...ready, ...kept].some((policy) => nameOf(policy) === frame.metadata.name)) {
      problems.push({ reason, remainder: 'leftOut', policies: [] });
      continue;
    }
    unread.push(frame);
    problems.push({ reason, remainder: 'unread', policies: [frame.metadata.name] });
  }
  const { stays, problems: emptied } = keepEmptied(documents, missing());
  return { ready, kept: [...kept, ...stays], unread, problems: [...problems, ...emptied] };
}

function nameOf({ policy }: SourcedPolicy): string {
  return policy.metadata.name;
}

/** Of two that bear a name the one in the file where it stood before has it, so that a copy takes nothing over. */
function takeNames(good: readonly SourcedPolicy[], before: readonly SourcedPolicy[]) {
  const stood = new Map(before.map((policy) => [nameOf(policy), policy.file]));
  const incumbents = good.filter((policy) => stood.get(nameOf(policy)) === policy.file);
  const bearers = new Map<string, SourcedPolicy>();
  for (const policy of [...incumbents, ...good]) {
    if (!bearers.has(nameOf(policy))) bearers.set(nameOf(policy), policy);
  }
  const problems: PolicyProblem[] = [];
  const ready = good.filter((policy) => {
    const bearer = bearers.get(nameOf(policy)) ?? policy;
    if (bearer === policy) return true;
    problems.push({ reason: clash(nameOf(policy), policy.place, bearer.place), remainder: 'leftOut', policies: [] });
    return false;
  });
  return { ready, problems };
}

/** By name; where that is new, or cannot be read, all that the file held and nobody has now: one of them it was. */
function lastGoodOf({ document, file }: BrokenPolicy, missing: readonly SourcedPolicy[]): readonly SourcedPolicy[] {
  const name = statedName(document);
  const same = missing.filter((policy) => nameOf(policy) === name);
  return same.length > 0 ? same : missing.filter((policy) => policy.file === file);
}

/**
 * A file that is there and holds no policy any more is one that is being written, or was emptied by accident: whoever
 * wants to be rid of a policy removes its file.
 */
function keepEmptied({ good, broken, files }: PolicyDocuments, missing: readonly SourcedPolicy[]) {
  const holding = new Set([...good, ...broken].map(({ file }) => file));
  const emptied = files.filter((file) => !holding.has(file) && missing.some((policy) => policy.file === file));
  const stays = missing.filter(({ file }) => emptied.includes(file));
  const problems = emptied.map((file): PolicyProblem => {
    const policies = stays.filter((policy) => policy.file === file).map(nameOf);
    return {
      reason: `${file}: holds no PodPolicy any more: remove the file to be rid of it`,
      remainder: 'kept',
      policies,
    };
  });
  return { stays, problems };
}
