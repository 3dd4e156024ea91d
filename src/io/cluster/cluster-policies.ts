import { formatFieldPath } from '../../core/pod/field-path.ts';
import { crdNameOf, kinds } from '../../core/policy/kinds.ts';
import { keyOf, type OwnKind, type OwnObject, parseOwnObject } from '../../core/policy/own-object.ts';
import { apiVersion, type PodPolicy } from '../../core/policy/pod-policy.ts';
import type { PolicyProblem, PolicyReading, SourcedObject } from '../../core/policy/policy-reading.ts';
import { salvagePolicy } from '../../core/policy/unread-policy.ts';
import type { ClusterClient } from './client.ts';
import {
  type CollectionObject,
  type CollectionWatch,
  type WatchCollection,
  watchCollection,
} from './collection-watch.ts';
import { collectionOf } from './own-collections.ts';
import { reportWatch, type WatchObservers } from './watch-report.ts';

/** The policies and exceptions of a cluster, as far as they were listed. */
export interface ClusterPolicies extends AsyncDisposable {
  /** Resolves when each kind was listed once, or found not to be installed. */
  readonly first: Promise<unknown>;
  readonly reading: PolicyReading;
}

export interface ClusterPolicyOptions extends WatchObservers {
  readonly client: ClusterClient;
  /** `reading` is another. Told of every single change. */
  changed(): void;
  readonly watch?: WatchCollection;
}

/** What is kept of an object; nothing that was good goes because it was replaced by something broken. */
interface KnownObject {
  readonly kind: OwnKind;
  /** Uid and generation: what its author wrote. A status that is written changes neither. */
  readonly version: string | undefined;
  /** As it stands, or its last good version. */
  readonly good?: OwnObject;
  /** What is left of one that was never good. */
  readonly frame?: PodPolicy;
  /** Why it cannot be used as it stands. */
  readonly reason?: string;
}

/** Follows both kinds. That the CRDs of the cluster are older or newer than this program must not stop a policy. */
export function watchClusterPolicies(options: ClusterPolicyOptions): ClusterPolicies {
  const { client, changed, watch = watchCollection } = options;
  const watches = kinds.map((followed): CollectionWatch<KnownObject> => {
    const report = reportWatch(crdNameOf(followed), options);
    return watch<KnownObject>(client, collectionOf(followed), {
      ...report,
      keep: (object, before) => knownOf(object, followed.kind, before),
      listed(removed) {
        report.listed(removed);
        changed();
      },
      changed,
    });
  });
  return {
    first: Promise.all(watches.map(({ first }) => first)),
    get reading() {
      return readingOf(watches.flatMap(({ items }) => [...items.values()]));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(watches.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

function knownOf(object: CollectionObject, kind: OwnKind, before: KnownObject | undefined): KnownObject {
  const { name, uid, generation } = object.metadata;
  const version = uid === undefined || generation === undefined ? undefined : `${uid}/${generation}`;
  if (before !== undefined && version !== undefined && before.version === version) return before;
  // Of the rest of metadata nothing matters here, and managed fields are many times as long as a policy.
  const { status: _status, ...fields } = object as CollectionObject & { readonly status?: unknown };
  const document = { apiVersion, kind, ...fields, metadata: { name } };
  const parsed = parseOwnObject(document);
  if ('object' in parsed) return { kind, version, good: parsed.object };
  const lines = parsed.issues.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`);
  const reason = `${placeOf(kind, name)}: ${lines.join('; ')}`;
  if (before?.good !== undefined) return { kind, version, good: before.good, reason };
  const frame = salvagePolicy(document);
  return { kind, version, reason, ...(frame && { frame }) };
}

/** As kubectl takes it. */
function placeOf(kind: OwnKind, name: string): string {
  return `${kind.toLowerCase()}/${name}`;
}

function readingOf(known: readonly KnownObject[]): PolicyReading {
  const [ready, kept]: [SourcedObject[], SourcedObject[]] = [[], []];
  const unread: PodPolicy[] = [];
  const problems: PolicyProblem[] = [];
  for (const { kind, good, frame, reason } of known) {
    if (good !== undefined) (reason === undefined ? ready : kept).push(sourced(good));
    if (frame !== undefined) unread.push(frame);
    if (reason === undefined) continue;
    const remainder = good !== undefined ? 'kept' : frame !== undefined ? 'unread' : 'leftOut';
    const name = (good ?? frame)?.metadata.name;
    problems.push({ reason, remainder, kind, names: name === undefined ? [] : [name] });
  }
  return { ready, kept, unread, problems };
}

function sourced(object: OwnObject): SourcedObject {
  return { object, file: keyOf(object), place: placeOf(object.kind, object.metadata.name) };
}
