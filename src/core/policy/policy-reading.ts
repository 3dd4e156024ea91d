import { SekishoError } from '../error.ts';
import { isOwn, keyOf, type OwnKind, type OwnObject, statedKey, statedKind } from './own-object.ts';
import type { PodPolicy } from './pod-policy.ts';
import { salvagePolicy } from './unread-policy.ts';

/** A policy or an exception, and where it came from. */
export interface SourcedObject {
  readonly object: OwnObject;
  /** The file that holds it, or the name of the built-in. */
  readonly file: string;
  /** What to call that place: `file:line:column`. */
  readonly place: string;
}

/** A document that ought to be one of ours and is none, or a file that is not even documents. */
export interface BrokenDocument {
  readonly file: string;
  readonly error: SekishoError;
  /** As far as it could be parsed. */
  readonly document?: unknown;
}

/** All that the sources hold. */
export interface PolicyDocuments {
  readonly good: readonly SourcedObject[];
  readonly broken: readonly BrokenDocument[];
  /** Every file that was read, also those that hold nothing of ours. */
  readonly files: readonly string[];
}

/**
 * What becomes of what is broken: the last good version stays, a frame of it is left, or nothing. Or it is good, and
 * another has its name.
 */
export type Remainder = 'kept' | 'unread' | 'leftOut' | 'nameTaken';

/** Why something of a source is not used as it stands. */
export interface PolicyProblem {
  /** Names file, line and field. */
  readonly reason: string;
  readonly remainder: Remainder;
  readonly kind: OwnKind;
  /** The names of those that are kept or unread. */
  readonly names: readonly string[];
}

/** What holds after a reading. */
export interface PolicyReading {
  /** As their documents stand. */
  readonly ready: readonly SourcedObject[];
  /** The last good version of what is broken now. */
  readonly kept: readonly SourcedObject[];
  /** What is left of policies that were never good: name, mode and match. */
  readonly unread: readonly PodPolicy[];
  readonly problems: readonly PolicyProblem[];
}

/** Of several sources. */
export interface MergedReading extends PolicyReading {
  /** Good ones that are not used, because their names are taken. */
  readonly taken: readonly SourcedObject[];
}

/** Before anything was read. */
export const nothingRead: PolicyReading = { ready: [], kept: [], unread: [], problems: [] };

/** Two of one kind and name: nobody could say which of them is meant. */
export function refuseClashes({ good, broken }: Pick<PolicyDocuments, 'good' | 'broken'>): void {
  const places = new Map<string, string>();
  const named = [
    ...good.map(({ object, place }) => ({ key: keyOf(object), place })),
    ...broken.map(({ document, file }) => ({ key: isOwn(document) ? statedKey(document) : undefined, place: file })),
  ];
  for (const { key, place } of named) {
    if (key === undefined) continue;
    const other = places.get(key);
    if (other !== undefined) throw new SekishoError('PolicyInvalid', clash(key, place, other));
    places.set(key, place);
  }
}

/** Judges documents by what held before: nothing that was good goes because something is broken. */
export function takeReading(documents: PolicyDocuments, last: PolicyReading): PolicyReading {
  const before = [...last.ready, ...last.kept];
  const { ready, problems } = takeNames(documents.good, before);
  const kept: SourcedObject[] = [];
  const unread: PodPolicy[] = [];
  const missing = (): readonly SourcedObject[] => {
    const present = new Set([...ready, ...kept].map(key));
    return before.filter((object) => !present.has(key(object)));
  };
  for (const broken of documents.broken) {
    const problem = { reason: broken.error.message, kind: statedKind(broken.document) };
    const stays = lastGoodOf(broken, missing());
    kept.push(...stays);
    if (stays.length > 0) {
      problems.push({ ...problem, remainder: 'kept', names: stays.map(nameOf) });
      continue;
    }
    const frame = salvagePolicy(broken.document);
    if (frame === undefined || [...ready, ...kept].some((other) => key(other) === keyOf(frame))) {
      problems.push({ ...problem, remainder: 'leftOut', names: [] });
      continue;
    }
    unread.push(frame);
    problems.push({ ...problem, remainder: 'unread', names: [frame.metadata.name] });
  }
  const { stays, problems: emptied } = keepEmptied(documents, missing());
  return { ready, kept: [...kept, ...stays], unread, problems: [...problems, ...emptied] };
}

/** Both together. What the first holds keeps its name, so that nobody takes it over by writing to the second. */
export function mergeReadings(first: PolicyReading, second: PolicyReading): MergedReading {
  const places = new Map([
    ...first.unread.map((policy) => [keyOf(policy), 'a file'] as const),
    ...[...first.ready, ...first.kept].map((sourced) => [key(sourced), sourced.place] as const),
  ]);
  const taken = [...second.ready, ...second.kept].filter((sourced) => places.has(key(sourced)));
  const free = (sourced: SourcedObject): boolean => !taken.includes(sourced);
  const problems = taken.map((sourced): PolicyProblem => {
    const reason = clash(key(sourced), sourced.place, places.get(key(sourced)) ?? '');
    return { reason, remainder: 'nameTaken', kind: sourced.object.kind, names: [nameOf(sourced)] };
  });
  return {
    ready: [...first.ready, ...second.ready.filter(free)],
    kept: [...first.kept, ...second.kept.filter(free)],
    unread: [...first.unread, ...second.unread.filter((policy) => !places.has(keyOf(policy)))],
    problems: [...first.problems, ...second.problems, ...problems],
    taken,
  };
}

function key({ object }: SourcedObject): string {
  return keyOf(object);
}

function nameOf({ object }: SourcedObject): string {
  return object.metadata.name;
}

/** Why an object cannot have its name. */
function clash(taken: string, place: string, other: string): string {
  const [kind, name] = taken.split('/');
  const what = kind === 'PodPolicy' ? 'policy' : 'exception';
  return `${place}: the ${what} ${name} stands in ${other} too: rename one of them`;
}

/** Of two that bear a name the one in the file where it stood before has it, so that a copy takes nothing over. */
function takeNames(good: readonly SourcedObject[], before: readonly SourcedObject[]) {
  const stood = new Map(before.map((object) => [key(object), object.file]));
  const incumbents = good.filter((object) => stood.get(key(object)) === object.file);
  const bearers = new Map<string, SourcedObject>();
  for (const object of [...incumbents, ...good]) {
    if (!bearers.has(key(object))) bearers.set(key(object), object);
  }
  const problems: PolicyProblem[] = [];
  const ready = good.filter((sourced) => {
    const bearer = bearers.get(key(sourced)) ?? sourced;
    if (bearer === sourced) return true;
    const reason = clash(key(sourced), sourced.place, bearer.place);
    problems.push({ reason, remainder: 'leftOut', kind: sourced.object.kind, names: [] });
    return false;
  });
  return { ready, problems };
}

/** By name; where that is new, or cannot be read, all that the file held and nobody has now: one of them it was. */
function lastGoodOf({ document, file }: BrokenDocument, missing: readonly SourcedObject[]): readonly SourcedObject[] {
  const stated = statedKey(document);
  const same = missing.filter((object) => key(object) === stated);
  return same.length > 0 ? same : missing.filter((object) => object.file === file);
}

/**
 * A file that is there and holds nothing of ours any more is one that is being written, or was emptied by accident:
 * whoever wants to be rid of a policy removes its file.
 */
function keepEmptied({ good, broken, files }: PolicyDocuments, missing: readonly SourcedObject[]) {
  const holding = new Set([...good, ...broken].map(({ file }) => file));
  const emptied = files.filter((file) => !holding.has(file) && missing.some((object) => object.file === file));
  const stays = missing.filter(({ file }) => emptied.includes(file));
  const problems = emptied.map((file): PolicyProblem => {
    const names = stays.filter((object) => object.file === file).map(nameOf);
    const reason = `${file}: holds no PodPolicy any more: remove the file to be rid of it`;
    return { reason, remainder: 'kept', kind: 'PodPolicy', names };
  });
  return { stays, problems };
}
