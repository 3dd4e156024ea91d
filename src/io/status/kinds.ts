import { podPolicyExceptionKind, podPolicyKind } from '../../core/policy/kinds.ts';
import { type DocumentIssue, type PodPolicy, parsePodPolicy } from '../../core/policy/pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import { type ObjectStatus, parseObjectStatus } from '../../core/policy/status-conditions.ts';
import type { CollectionObject } from '../cluster/collection-watch.ts';
import { collectionOf } from '../cluster/own-collections.ts';

/** An object of ours as far as its status is concerned. */
export interface Seen<Value> {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly generation: number;
  readonly read: { readonly value: Value } | { readonly issues: readonly DocumentIssue[] };
  readonly status: ObjectStatus | undefined;
}

/** One of our kinds that has a status. */
export interface StatusKind<Value> {
  readonly kind: string;
  /** Its collection. */
  readonly path: string;
  see(object: unknown, before?: Seen<Value>): Seen<Value>;
}

/** Of policies: which are in use. */
export const podPolicies: StatusKind<PodPolicy> = {
  kind: podPolicyKind.kind,
  path: collectionOf(podPolicyKind),
  see: (object, before) => see(object, before, readPolicy),
};

/** Of exceptions: which have an effect. */
export const podPolicyExceptions: StatusKind<PodPolicyException> = {
  kind: podPolicyExceptionKind.kind,
  path: collectionOf(podPolicyExceptionKind),
  see: (object, before) => see(object, before, readException),
};

function readPolicy(document: object): Seen<PodPolicy>['read'] {
  const parsed = parsePodPolicy(document);
  return 'policy' in parsed ? { value: parsed.policy } : parsed;
}

function readException(document: object): Seen<PodPolicyException>['read'] {
  const parsed = parsePodPolicyException(document);
  return 'exception' in parsed ? { value: parsed.exception } : parsed;
}

interface StoredObject extends CollectionObject {
  readonly metadata: CollectionObject['metadata'] & { readonly generation?: number };
  readonly status?: unknown;
}

/** A status that changes does not change what is wanted: that is parsed once for each generation. */
function see<Value>(
  object: unknown,
  before: Seen<Value> | undefined,
  read: (document: object) => Seen<Value>['read'],
): Seen<Value> {
  const { metadata, status, ...rest } = object as StoredObject;
  const { name, uid = '', resourceVersion: version = '', generation = 0 } = metadata;
  const same = before !== undefined && before.uid === uid && before.generation === generation;
  const wanted = same ? before.read : read({ ...rest, metadata: { name } });
  return {
    name,
    uid,
    version,
    generation,
    read: wanted,
    status: parseObjectStatus(status),
  };
}
