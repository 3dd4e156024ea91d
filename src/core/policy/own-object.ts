import { valueAt } from '../pod/field-path.ts';
import { apiGroup, type DocumentIssue, type PodPolicy, parsePodPolicy } from './pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from './pod-policy-exception.ts';
import { statedName } from './unread-policy.ts';

/** An object of our own group: in a file, in a folder, in the cluster. */
export type OwnObject = PodPolicy | PodPolicyException;
/** The name of one of our kinds. */
export type OwnKind = OwnObject['kind'];

const kinds: readonly string[] = ['PodPolicy', 'PodPolicyException'] satisfies OwnKind[];

/** Reads one document strictly, by its kind. A misspelt kind of our group is a mistake. */
export function parseOwnObject(document: unknown): { object: OwnObject } | { issues: readonly DocumentIssue[] } {
  const kind = valueAt(document, ['kind']);
  if (typeof kind === 'string' && !kinds.includes(kind)) {
    return { issues: [{ path: ['kind'], message: `must be ${kinds.join(' or ')}` }] };
  }
  if (kind === 'PodPolicyException') {
    const parsed = parsePodPolicyException(document);
    return 'exception' in parsed ? { object: parsed.exception } : parsed;
  }
  const parsed = parsePodPolicy(document);
  return 'policy' in parsed ? { object: parsed.policy } : parsed;
}

/** Whether a document claims to be one of ours, however broken it is. Others are somebody else's. */
export function isOwn(document: unknown): boolean {
  const [kind, version] = [valueAt(document, ['kind']), valueAt(document, ['apiVersion'])];
  if (typeof kind === 'string' && kinds.includes(kind)) return true;
  return typeof version === 'string' && version.startsWith(`${apiGroup}/`);
}

/** What no two objects may share: `PodPolicy/production`. */
export function keyOf({ kind, metadata }: OwnObject): string {
  return `${kind}/${metadata.name}`;
}

/** The same of a document that may be broken; undefined where it does not say its name. */
export function statedKey(document: unknown): string | undefined {
  const name = statedName(document);
  return name === undefined ? undefined : `${statedKind(document)}/${name}`;
}

export function statedKind(document: unknown): OwnKind {
  return valueAt(document, ['kind']) === 'PodPolicyException' ? 'PodPolicyException' : 'PodPolicy';
}

export function isPolicy(object: OwnObject): object is PodPolicy {
  return object.kind === 'PodPolicy';
}

export function isException(object: OwnObject): object is PodPolicyException {
  return object.kind === 'PodPolicyException';
}
